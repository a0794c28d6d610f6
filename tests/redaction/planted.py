"""Secrets of every kind, made by chance in the shape of real ones, inside lines that operations people paste. None was ever
valid anywhere. Used by `test_planted`."""

import base64
import json
import random
import string
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

UPPER, LOWER, DIGITS = string.ascii_uppercase, string.ascii_lowercase, string.digits
ALNUM = string.ascii_letters + DIGITS
BASE64 = f"{ALNUM}+/"
URL64 = f"{ALNUM}-_"
HEX = "0123456789abcdef"
SEED = 20261121


@dataclass(frozen=True, slots=True)
class Plant:
    """A line with its secret in it. What must be left of it is the line with a mask in the secret's place."""

    kind: str
    line: str
    secret: str


chance = random.Random(SEED)


def some(letters: str, length: int) -> str:
    """So many of these, digits and letters among them."""
    return "".join(chance.choices(letters, k=length))


def mixed(letters: str, length: int) -> str:
    """The same with a digit and two letters for certain."""
    return some(letters, length - 3) + "q7Z"


def uid() -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def jwt(payload: str = '{"sub":"alice"}') -> str:
    head, body = (
        base64.urlsafe_b64encode(part.encode()).decode().rstrip("=")
        for part in ('{"alg":"HS256","typ":"JWT"}', payload)
    )
    return f"{head}.{body}.{some(URL64, 43)}"


def snowflake() -> str:
    return base64.b64encode(str(chance.randrange(10**17, 10**18)).encode()).decode()


TOKENS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("GitHub, classic", lambda: f"ghp_{mixed(ALNUM, 36)}"),
    ("GitHub, OAuth", lambda: f"gho_{mixed(ALNUM, 36)}"),
    ("GitHub, user of an app", lambda: f"ghu_{mixed(ALNUM, 36)}"),
    ("GitHub, app", lambda: f"ghs_{mixed(ALNUM, 36)}"),
    ("GitHub, app, today's", lambda: f"ghs_{some(DIGITS, 7)}_{jwt()}"),
    ("GitHub, refresh", lambda: f"ghr_{mixed(ALNUM, 76)}"),
    ("GitHub, fine-grained", lambda: f"github_pat_{some(ALNUM, 22)}_{some(ALNUM, 59)}"),
    ("GitLab, personal", lambda: f"glpat-{mixed(URL64, 20)}"),
    ("GitLab, routable", lambda: f"glpat-{mixed(URL64, 27)}.01.{some(LOWER + DIGITS, 9)}"),
    ("GitLab, runner", lambda: f"glrt-{mixed(URL64, 20)}"),
    ("GitLab, runner, old", lambda: f"GR1348941{mixed(URL64, 20)}"),
    ("GitLab, deploy", lambda: f"gldt-{mixed(URL64, 20)}"),
    ("GitLab, trigger", lambda: f"glptt-{some(HEX, 40)}"),
    ("GitLab, agent", lambda: f"glagent-{mixed(URL64, 50)}"),
    ("Bitbucket", lambda: f"ATBB{mixed(ALNUM, 32)}"),
    ("Atlassian", lambda: f"ATATT3xFfGF0{mixed(URL64, 170)}={some('0123456789ABCDEF', 8)}"),
    ("npm", lambda: f"npm_{mixed(ALNUM, 36)}"),
    ("PyPI", lambda: f"pypi-AgEIcHlwaS5vcmc{mixed(URL64, 140)}"),
    ("RubyGems", lambda: f"rubygems_{some(HEX, 48)}"),
    ("crates.io", lambda: f"cio{mixed(ALNUM, 32)}"),
    ("Docker Hub", lambda: f"dckr_pat_{mixed(URL64, 27)}"),
    ("Artifactory", lambda: f"AKCp{mixed(ALNUM, 69)}"),
    ("CircleCI", lambda: f"CCIPAT_{some(ALNUM, 22)}_{some(HEX, 40)}"),
    ("Sourcegraph", lambda: f"sgp_{some(HEX, 16)}_{some(HEX, 40)}"),
    ("Postman", lambda: f"PMAK-{some(HEX, 24)}-{some(HEX, 34)}"),
    ("AWS, key id", lambda: f"AKIA{some(UPPER + '234567', 16)}"),
    ("AWS, key id for a while", lambda: f"ASIA{some(UPPER + '234567', 16)}"),
    ("Google, API key", lambda: f"AIza{mixed(URL64, 35)}"),
    ("Google, access", lambda: f"ya29.{mixed(URL64, 160)}"),
    ("Google, refresh", lambda: f"1//0{mixed(URL64, 90)}"),
    ("Google, client", lambda: f"GOCSPX-{mixed(URL64, 28)}"),
    ("Azure, client", lambda: f"{some(ALNUM, 3)}8Q~{mixed(ALNUM + '_~-', 34)}"),
    ("Azure DevOps", lambda: f"{mixed(ALNUM, 76)}AZDO{some(ALNUM, 4)}"),
    ("Azure, storage", lambda: f"{mixed(BASE64, 76)}+ASt{some(BASE64, 6)}=="),
    ("DigitalOcean", lambda: f"dop_v1_{some(HEX, 64)}"),
    ("DigitalOcean, OAuth", lambda: f"doo_v1_{some(HEX, 64)}"),
    ("Cloudflare, origin CA", lambda: f"v1.0-{some(HEX, 24)}-{some(HEX, 146)}"),
    ("Cloudflare, tunnel", lambda: b64(json.dumps({"a": some(HEX, 32), "t": uid(), "s": some(BASE64, 48)}, separators=(",", ":")))),
    ("Heroku", lambda: f"HRKU-{mixed(URL64, 60)}"),
    ("Tailscale", lambda: f"tskey-auth-{some(ALNUM, 17)}-{some(ALNUM, 32)}"),
    ("Tailscale, API", lambda: f"tskey-api-{some(ALNUM, 17)}-{some(ALNUM, 32)}"),
    ("Vault", lambda: f"hvs.{mixed(URL64, 90)}"),
    ("Vault, batch", lambda: f"hvb.{mixed(URL64, 130)}"),
    ("Vault, old", lambda: f"s.{mixed(ALNUM, 24)}"),
    ("Terraform Cloud", lambda: f"{some(ALNUM, 14)}.atlasv1.{mixed(URL64, 67)}"),
    ("Pulumi", lambda: f"pul-{some(HEX, 40)}"),
    ("Doppler", lambda: f"dp.st.prd.{mixed(ALNUM, 43)}"),
    ("Databricks", lambda: f"dapi{some(HEX, 32)}-2"),
    ("Fly.io", lambda: f"fm2_{mixed(BASE64, 120)}"),
    ("Netlify", lambda: f"nfp_{mixed(ALNUM, 36)}"),
    ("Supabase", lambda: f"sbp_{some(HEX, 40)}"),
    ("PlanetScale", lambda: f"pscale_tkn_{mixed(URL64, 43)}"),
    ("OpenShift", lambda: f"sha256~{mixed(URL64, 43)}"),
    ("Grafana, service account", lambda: f"glsa_{mixed(ALNUM, 32)}_{some(HEX, 8)}"),
    ("Grafana Cloud", lambda: f"glc_{b64(json.dumps({'o': '12345', 'n': 'agent', 'k': some(ALNUM, 24)}))}"),
    ("Sentry", lambda: f"sntryu_{some(HEX, 64)}"),
    ("New Relic", lambda: f"NRAK-{some(UPPER + DIGITS, 27)}"),
    ("New Relic, licence", lambda: f"{some(HEX, 36)}NRAL"),
    ("Dynatrace", lambda: f"dt0c01.{some(UPPER + DIGITS, 24)}.{some(UPPER + DIGITS, 64)}"),
    ("Linear", lambda: f"lin_api_{mixed(ALNUM, 40)}"),
    ("Notion, old", lambda: f"secret_{mixed(ALNUM, 43)}"),
    ("Notion", lambda: f"ntn_{some(DIGITS, 11)}{mixed(ALNUM, 35)}"),
    ("Airtable", lambda: f"pat{some(ALNUM, 14)}.{some(HEX, 64)}"),
    ("Slack, bot", lambda: f"xoxb-{some(DIGITS, 12)}-{some(DIGITS, 12)}-{mixed(ALNUM, 24)}"),
    ("Slack, user", lambda: f"xoxp-{some(DIGITS, 12)}-{some(DIGITS, 12)}-{some(DIGITS, 13)}-{some(HEX, 32)}"),
    ("Slack, rotating", lambda: f"xoxe.xoxp-1-{mixed(ALNUM, 160)}"),
    ("Slack, app", lambda: f"xapp-1-A{some(UPPER + DIGITS, 10)}-{some(DIGITS, 13)}-{some(HEX, 64)}"),
    ("Discord", lambda: f"{snowflake()}.{some(URL64, 6)}.{mixed(URL64, 38)}"),
    ("Matrix", lambda: f"syt_{b64('parley').rstrip('=')}_{mixed(ALNUM, 20)}_{some(ALNUM, 6)}"),
    ("Matrix, account service", lambda: f"mct_{mixed(ALNUM, 30)}_{some(ALNUM, 6)}"),
    ("Matrix, recovery", lambda: " ".join(("EsTx", *(some("23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", 4) for _ in range(11))))),
    ("Anthropic", lambda: f"sk-ant-api03-{mixed(URL64, 95)}"),
    ("OpenAI, project", lambda: f"sk-proj-{mixed(URL64, 150)}"),
    ("OpenAI, old", lambda: f"sk-{mixed(ALNUM, 48)}"),
    ("OpenRouter", lambda: f"sk-or-v1-{some(HEX, 64)}"),
    ("Hugging Face", lambda: f"hf_{some(UPPER + LOWER, 34)}"),
    ("Groq", lambda: f"gsk_{mixed(ALNUM, 52)}"),
    ("xAI", lambda: f"xai-{mixed(ALNUM, 80)}"),
    ("Replicate", lambda: f"r8_{mixed(ALNUM, 37)}"),
    ("Stripe", lambda: f"sk_live_{mixed(ALNUM, 99)}"),
    ("Stripe, restricted", lambda: f"rk_test_{mixed(ALNUM, 24)}"),
    ("Stripe, webhook", lambda: f"whsec_{mixed(ALNUM, 32)}"),
    ("Square", lambda: f"sq0csp-{mixed(URL64, 43)}"),
    ("Shopify", lambda: f"shpat_{some(HEX, 32)}"),
    ("Twilio", lambda: f"SK{some(HEX, 32)}"),
    ("SendGrid", lambda: f"SG.{mixed(URL64, 22)}.{mixed(URL64, 43)}"),
    ("Mailgun", lambda: f"key-{some(HEX, 32)}"),
    ("Mailchimp", lambda: f"{some(HEX, 32)}-us14"),
    ("Brevo", lambda: f"xkeysib-{some(HEX, 64)}-{mixed(ALNUM, 16)}"),
    ("JWT", jwt),
    ("age", lambda: f"AGE-SECRET-KEY-1{some('QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L', 58)}"),
)  # fmt: skip

LINES = (
    "Nov 20 10:00:01 web1 app[812]: login of alice with {} failed, 3 left",
    "can somebody see why {} does not work on pve1?",
    '{{"level":"warn","msg":"refused {}","status":403}}',
    "https://example.org/hook?a=1&t={}&b=2",
    "use `{}` for the deploy, please",
    "line one\\n{}\\nline three",
)


def _password() -> str:
    return mixed(ALNUM + "!#%^*-_", 14)


PLACED: tuple[tuple[str, str, Callable[[], str]], ...] = (
    ("env", "DB_PASSWORD={} docker compose up -d", _password),
    ("env, exported", "export PGPASSWORD={}; psql -h db app", _password),
    ("env, quoted", "MYSQL_PWD='{}' mysqladmin status", lambda: "two words 7Z"),
    ("env, API key", "CLOUDFLARE_API_TOKEN={} terraform plan", lambda: mixed(URL64, 40)),
    ("env, Datadog", "DD_API_KEY={} DD_SITE=datadoghq.eu agent run", lambda: some(HEX, 32)),
    ("env, Heroku", "HEROKU_API_KEY={} heroku ps", uid),
    ("env, AWS", "AWS_SECRET_ACCESS_KEY={} aws s3 ls", lambda: mixed(BASE64, 40)),
    ("env, Borg", "BORG_PASSPHRASE='{}' borg list", lambda: "correct horse battery staple"),
    ("ini", "[client]\nuser = app\npassword = {}\nhost = db", _password),
    ("ini, AWS", "[default]\naws_secret_access_key = {}\nregion = eu-central-1", lambda: mixed(BASE64, 40)),
    ("ini, Azure", "client_secret = {} ; of the app", _password),
    ("toml", 'homeserver = "http://hs"\npassword = "{}"\nuser = "@a:b"', _password),
    ("yaml", "smtp:\n  user: app\n  password: {}\n  port: 587", _password),
    ("yaml, quoted", "auth:\n  token: '{}'\n  url: https://x", lambda: mixed(ALNUM, 24)),
    ("yaml, listed", "env:\n- name: DB_PASSWORD\n  value: {}\n- name: MODE\n  value: fast", _password),
    ("yaml, block", "password: |\n  {}\nuser: bob", _password),
    ("kubeconfig, token", "users:\n- name: admin\n  user:\n    token: {}", lambda: mixed(ALNUM, 60)),
    ("kubeconfig, key", "    client-key-data: {}\n    username: admin", lambda: b64(f"-----BEGIN RSA PRIVATE KEY-----\n{some(BASE64, 800)}\n")),
    ("json", '{{"user":"app","password":"{}","port":5432}}', _password),
    ("json, escaped", '{{"msg":"{{\\"api_key\\":\\"{}\\",\\"n\\":1}}"}}', lambda: mixed(ALNUM, 32)),
    ("json, secret", '{{"client_id":"web","client_secret":"{}"}}', lambda: mixed(ALNUM, 40)),
    ("json, docker", '{{"auths":{{"registry.example.org":{{"auth":"{}"}}}}}}', lambda: b64(f"bob:{_password()}")),
    ("xml", "<server><username>ci</username><password>{}</password></server>", lambda: mixed(ALNUM, 16)),
    ("properties", "spring.datasource.password={}\nspring.datasource.username=app", _password),
    ("query", 'GET /login?user=bob&password={}&next=%2F HTTP/1.1" 302', lambda: mixed(ALNUM, 12)),
    ("query, encoded", "body=grant_type%3Dx&access_token%3D{}&b=1", lambda: mixed(ALNUM, 40)),
    ("npmrc", "//registry.npmjs.org/:_authToken={}\nregistry=https://registry.npmjs.org/", uid),
    ("php", "define( 'AUTH_SALT', '{}' );", lambda: mixed(ALNUM, 64)),
    ("AWS, secret manager", '{{"Name":"db","SecretString":"{}","VersionId":"x"}}', lambda: '{\\"user\\":\\"a\\",\\"pin\\":\\"x7Zq\\"}'),
    ("appSettings", '<add key="DbPassword" value="{}" />', _password),
    ("otpauth", "otpauth://totp/x:bob?secret={}&issuer=x", lambda: some(UPPER + "234567", 31) + "7"),
    ("chat, short", "pw: {} bye", lambda: mixed(ALNUM, 12)),
    ("chat, bold", "**Password:** {} and more", _password),
    ("chat, bold name", "*Password*: {} and more", _password),
    ("chat, pair", "user/pass: {} for the NAS", lambda: "bob/hunter27"),
    ("chat, arrow", "password -> {} ok", _password),
    ("vault, unseal", "Unseal Key 1: {}", lambda: mixed(BASE64, 44)),
    ("BIND", 'key rndc {{ algorithm hmac-sha256; secret "{}"; }};', lambda: mixed(BASE64, 43) + "="),
    ("plink", "plink -P 2222 -pw {} bob@host", _password),
    ("netrc", "machine git.example.org login ci password {} account x", _password),
    ("pgpass", "db.example.org:5432:app:app:{}", _password),
    ("wireguard", "[Interface]\nPrivateKey = {}\nAddress = 10.0.0.1/24", lambda: mixed(BASE64, 43) + "="),
    ("wireguard, shared", "PresharedKey = {}\nEndpoint = vpn.example.org:51820", lambda: mixed(BASE64, 43) + "="),
    ("wpa", 'network={{\n ssid="office"\n psk="{}"\n}}', lambda: "office wifi 7Z"),
    ("redis.conf", "requirepass: {}\nport 6379", _password),
    ("rails", "secret_key_base: {}\nhost: x", lambda: some(HEX, 127) + "7"),
    ("chat", "the root password is {}, please rotate", _password),
    ("chat, German", "das Passwort für web1 ist {}, bitte ändern", _password),
    ("chat, colon", "Password: {} (new since today)", _password),
    ("sql", "ALTER USER app WITH PASSWORD '{}';", _password),
    ("sql, MySQL", "CREATE USER 'app'@'%' IDENTIFIED BY '{}';", _password),
    ("option", "vaultwarden-cli --username bob --password {} --yes", _password),
    ("option, equals", "restic --password={} snapshots", _password),
    ("option, token", "argocd app sync web --auth-token {} --prune", lambda: mixed(ALNUM, 40)),
    ("option, kubeadm", "kubeadm join 10.0.0.1:6443 --token {} --discovery-token-ca-cert-hash sha256:ab12", lambda: f"{some(LOWER, 5)}1.{some(LOWER, 15)}2"),
    ("mysql", "mysql -h db -u root -p{} app", lambda: mixed(ALNUM, 12)),
    ("mysqldump", "mysqldump --single-transaction -uroot -p'{}' app > app.sql", lambda: "two words 7Z"),
    ("sshpass", "sshpass -p {} ssh root@pve1 uptime", _password),
    ("docker login", "docker login -u ci -p {} registry.example.org", _password),
    ("curl", "curl -sS -u admin:{} https://nas.example.org/api", lambda: mixed(ALNUM, 12)),
    ("curl, header", 'curl -H "Authorization: Bearer {}" https://api.example.org', lambda: mixed(URL64, 40)),
    ("redis-cli", "redis-cli -h cache -a {} ping", _password),
    ("mongosh", "mongosh --host db -u root -p {} --eval x", _password),
    ("ldapsearch", "ldapsearch -x -D cn=admin -w {} -b dc=example", _password),
    ("smbclient", "smbclient //nas/share -U bob%{} -c ls", lambda: mixed(ALNUM, 12)),
    ("htpasswd", "htpasswd -bc /etc/nginx/.htpasswd bob {}", _password),
    ("rabbitmqctl", "rabbitmqctl add_user app {}", _password),
    ("7z", "7z x -p{} backup.7z", lambda: mixed(ALNUM, 12)),
    ("openssl", "openssl rsa -in key.pem -passin pass:{} -noout", _password),
    ("chpasswd", "echo 'root:{}' | chpasswd", _password),
    ("sudo", "echo {} | sudo -S systemctl restart nginx", lambda: mixed(ALNUM, 12)),
    ("ipmitool", "ipmitool -H bmc1 -U admin -P {} power status", _password),
    ("snmp", "snmpwalk -v2c -c {} switch1 sysUpTime", lambda: mixed(ALNUM, 12)),
    ("header, Basic", "Authorization: Basic {}", lambda: b64(f"bob:{_password()}")),
    ("header, bot", "> Authorization: Bot {}", lambda: mixed(URL64, 70)),
    ("header, JSON", '{{"headers":{{"Authorization":"Bearer {}","Accept":"*/*"}}}}', lambda: mixed(URL64, 64)),
    ("header, API key", "X-API-Key: {}", lambda: mixed(ALNUM, 32)),
    ("header, GitLab", "PRIVATE-TOKEN: {}", lambda: mixed(ALNUM, 20)),
    ("header, Vault", "< X-Vault-Token: {}", lambda: mixed(ALNUM, 24)),
    ("header, Datadog", "DD-API-KEY: {}", lambda: some(HEX, 31) + "a"),
    ("cookie", "Cookie: {}", lambda: f"session={mixed(URL64, 40)}; csrf={some(HEX, 32)}"),
    ("cookie, set", "set-cookie: {}; Path=/; HttpOnly", lambda: f"sid={mixed(URL64, 40)}"),
    ("Proxmox", "curl -k -H PVEAPIToken=root@pam!parley={} https://pve1:8006/api2/json/version", uid),
    ("Proxmox, ticket", "PVE:root@pam:6741C2AB:{}", lambda: f":{mixed(BASE64, 340)}=="),
    ("Proxmox, form", "CSRFPreventionToken: {}", lambda: f"6741C2AB:{mixed(BASE64, 43)}"),
    ("URL, git", "git clone https://bob:{}@git.example.org/app.git", lambda: mixed(ALNUM, 16)),
    ("URL, Postgres", "DATABASE_URL=postgres://app:{}@db.example.org:5432/app?sslmode=require", lambda: mixed(ALNUM, 16)),
    ("URL, with a slash", "amqp://app:{}@mq.example.org:5672/vhost", lambda: "ab/cd7Z"),
    ("URL, Redis", "redis://:{}@cache:6379/0", lambda: mixed(ALNUM, 16)),
    ("URL, token", "git remote add o https://{}@github.com/a/b", lambda: mixed(ALNUM, 40)),
    ("URL, signed", "https://b.s3.amazonaws.com/x?X-Amz-Date=20261120T0&X-Amz-Signature={}&x=1", lambda: some(HEX, 63) + "a"),
    ("URL, SAS", "https://acc.blob.core.windows.net/c?sv=2024-11-04&sig={}&se=2027", lambda: f"{mixed(ALNUM, 40)}%3D"),
    ("Slack, webhook", "curl https://hooks.slack.com/services/{} -d x", lambda: f"T{some(UPPER, 8)}/B{some(UPPER, 8)}/{mixed(ALNUM, 24)}"),
    ("Discord, webhook", "https://discord.com/api/webhooks/112233445566778899/{} x", lambda: mixed(URL64, 68)),
    ("Telegram", "https://api.telegram.org/bot123456789:{}/getMe", lambda: f"AA{mixed(URL64, 33)}"),
    ("Azure, connection", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={};EndpointSuffix=x", lambda: mixed(BASE64, 86) + "=="),
    ("Azure, bus", "Endpoint=sb://b/;SharedAccessKeyName=Root;SharedAccessKey={};EntityPath=q", lambda: mixed(BASE64, 43) + "="),
    ("ADO", "Server=db;Database=app;User Id=sa;Password={};Encrypt=true", lambda: mixed(ALNUM, 14)),
    ("shadow", "root:{}:20000:0:99999:7:::", lambda: f"$6${some(ALNUM, 16)}${some(ALNUM + './', 86)}"),
    ("shadow, yescrypt", "bob:{}:20000:0:99999:7:::", lambda: f"$y$j9T${some(ALNUM, 22)}${some(ALNUM + './', 43)}"),
    ("htpasswd, bcrypt", "bob:{}", lambda: f"$2y$05${some(ALNUM + './', 53)}"),
    ("htpasswd, MD5", "bob:{}", lambda: f"$apr1${some(ALNUM, 8)}${some(ALNUM + './', 22)}"),
    ("argon2", "hash {} stored", lambda: f"$argon2id$v=19$m=65536,t=3,p=4${some(ALNUM, 22)}${some(ALNUM, 43)}"),
    ("LDAP", "bob is {{SSHA}}{} in the directory", lambda: mixed(BASE64, 32)),
)  # fmt: skip


def plants() -> Iterator[Plant]:
    """All of them, the same in every run: each token in the next of the lines, then everything that goes by its place."""
    chance.seed(SEED)
    for number, (kind, make) in enumerate(TOKENS):
        secret = make()
        yield Plant(kind, LINES[number % len(LINES)].format(secret), secret)
    for kind, line, make in PLACED:
        secret = make()
        yield Plant(kind, line.format(secret), secret)
