"""A megabyte of what operations people look at, with nothing secret in it: logs, hashes, ids, digests, public certificates and
the bot's own cards. The same for the same seed. Used by the tests of redaction and by its bench."""

import base64
import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.model.ids import new_id, short

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
WORDS = [
    "request",
    "handled",
    "upstream",
    "connection",
    "closed",
    "volume",
    "mounted",
    "probe",
    "succeeded",
    "cache",
    "warmed",
    "queue",
    "drained",
    "peer",
    "joined",
]
HOSTS = ("web1", "pve1.example.org", "db-primary", "k8s-node-3", "10.20.30.40", "2001:db8::17")
PROSE = (
    "sshd[{n}]: Failed password for invalid user admin from 198.51.100.{b} port {p} ssh2",
    "sshd[{n}]: Accepted publickey for deploy from 198.51.100.{b} port {p} ssh2: ED25519 SHA256:{b64:43}",
    "sudo[{n}]: pam_unix(sudo:auth): authentication failure; logname= uid=1000 user=bob",
    "mysqld[{n}]: Access denied for user 'app'@'{host}' (using password: YES)",
    'postgres[{n}]: FATAL: password authentication failed for user "app"',
    "postgres[{n}]: HINT: the password: is it expired? Last password change : never",
    "vault[{n}]: core: vault is unsealed, token store ready; lease_id=auth/approle/login/h{hex:40}",
    "systemd[1]: Started session-{n}.scope - Session {n} of User deploy.",
    "systemd[1]: run-docker-runtime\\x2drunc-moby-{hex:64}-runc.mount: Deactivated successfully.",
    "dockerd[{n}]: image pulled registry.example.org/app@sha256:{hex:64} tag=v1.{b}.0",
    "dockerd[{n}]: pulling docker://library/nginx:1.27@sha256:{hex:64}",
    "kernel: [{n}.{p}] usb 1-1: New USB device found, idVendor=1d6b, idProduct=0002, bcdDevice= 6.01",
    "kernel: [{n}.{p}] wireguard: wg0: Handshake for peer {b} ({host}:51820) did not complete",
    "CRON[{n}]: (root) CMD (   cd / && run-parts --report /etc/cron.hourly)",
    "named[{n}]: zone example.org/IN: sending notifies (serial 20261120{b})",
    "borg[{n}]: Archive fingerprint: {hex:64}, token count: {n}, secrets scanned: 0",
    "git: commit {hex:40} Author: Alice <alice@example.org>",
    "git: index {hex:7}..{hex:7} 100644; {hex:40} refs/heads/main",
    "pip: Collecting tokenizers==0.22.{b} --hash=sha256:{hex:64}",
    "npm: npm_config_cache=/root/.npm npm_lifecycle_event=build integrity sha512-{b64:86}==",
    "sha256sum: {hex:64}  releases/parley-0.1.{b}.tar.gz",
    "md5sum: {hex:32}  ./backup/{uuid}.dump",
    "etcd[{n}]: raft.node: {hex:16} elected leader {hex:16} at term {b}",
    "smartd[{n}]: Device: /dev/sda, WDC-{hex:8}, S/N:{hex:12}, WWN:5-0014ee-{hex:9}, FW:01.01A01",
    "tailscaled[{n}]: magicsock: disco: node [{b64:5}] d:{hex:16} now using 203.0.113.{b}:41641",
    "llm: usage input tokens: {n}, output_tokens={b}, max_tokens=4096, stop_reason=end_turn",
    "app[{n}]: token: expected 12 more; secret: none; credentials: missing; api key: not set; auth: ok",
    "app[{n}]: key={b} sort_key=name cache_key=user:{n} primary_key=id public_key=ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{b64:43}",
    "app[{n}]: password_file=/run/secrets/db token_path=/var/lib/app/token ssl_certificate_key /etc/nginx/tls/site.key;",
    "app[{n}]: PWD=/srv/app/releases/{b} OLDPWD=/root password=$DB_PASSWORD token=${{API_TOKEN}} secret={{{{ vault_secret }}}}",
    'app[{n}]: password = "env:DB_PASSWORD", token = "file:/run/secrets/token", password: ********',
    "app[{n}]: GET http://{host}:8080/a/b?sort=token&next={b} user=alice@example.org ref=origin/task-{hex:32}",
    "proxy[{n}]: http://{host}:3128 -> https://mail.example.org/?to=bob@example.org via proxy_pass http://backend:8000;",
    "ansible: TASK [Set the password policy] ok: [{host}] => (item=password required pam_pwquality.so retry=3)",
    "argocd: application web sync status: Synced to {hex:40}; secret web-tls created; serviceaccount/default token mounted",
    "uptime: https://status.example.org/webhooks/{uuid} answered 200 in {b} ms; session {uuid} closed",
    "haproxy[{n}]: {host}:{p} [20/Nov/2026:10:00:{b}.123] fe~ be/web1 0/0/1/{b}/{n} 200 {p} - - ---- 1/1/0/0/0 0/0",
    "mx[{n}]: {hex:10}: message-id=<{hex:32}.{n}@mail.example.org> dkim=pass header.s=key-2026 spf=pass",
    "browser: data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA{b64:300}",
    "basic auth is off; Bearer tokens are not accepted; Authorization: denied; cookie: none set",
    "cargo: {hex:64} crates.io index; class com.example.platform.MessageTokenizerFactoryBean.Method.invokeAllTheRegisteredHandlers",
)
PUBLIC = (
    "CERTIFICATE",
    "PUBLIC KEY",
    "CERTIFICATE REQUEST",
    "PGP PUBLIC KEY BLOCK",
    "DH PARAMETERS",
)


class Ordinary:
    """Lines of every kind, by chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self._kinds: tuple[Callable[[], str], ...] = (
            self.nginx, self.kubelet, self.journal, self.journal, self.journal, self.container, self.card, self.manifest,
        )  # fmt: skip

    def text(self, size: int) -> str:
        """About so many letters."""
        lines, done = list[str](), 0
        while done < size:
            block = (
                self.block() if self.chance.random() < 0.004 else self.chance.choice(self._kinds)()
            )
            lines.append(block)
            done += len(block) + 1
        return "\n".join(lines) + "\n"

    def hex(self, length: int) -> str:
        return f"{self.chance.getrandbits(length * 4):0{length}x}"

    def b64(self, length: int) -> str:
        return base64.b64encode(self.chance.randbytes(length)).decode()[:length]

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def moment(self) -> str:
        return f"Nov 20 {self.chance.randrange(24):02}:{self.chance.randrange(60):02}:{self.chance.randrange(60):02}"

    def nginx(self) -> str:
        path = self.chance.choice(
            (
                "/",
                f"/items/{self.uuid()}",
                f"/static/app.{self.hex(8)}.js",
                "/api/v1/query?q=up&step=15",
                "/login?next=%2Fhome",
            )
        )
        host = f"198.51.100.{self.chance.randrange(256)}"
        return f'{host} - - [20/Nov/2026:10:00:00 +0000] "GET {path} HTTP/1.1" 200 {self.chance.randrange(90000)} "https://example.org/" "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" rt=0.{self.chance.randrange(999):03}'

    def kubelet(self) -> str:
        pod = f"web-{self.hex(9)}-{self.hex(5)}"
        told = self.chance.choice((
            f'"SyncLoop (PLEG): event for pod" pod="default/{pod}" event={{"ID":"{self.uuid()}","Type":"ContainerStarted","Data":"{self.hex(64)}"}}',
            f'"MountVolume.SetUp succeeded for volume \\"kube-api-access-{self.hex(5)}\\" (UniqueName: \\"kubernetes.io/projected/{self.uuid()}-kube-api-access\\")" pod="default/{pod}"',
            'MountVolume.SetUp failed for volume "tls" : secret "web-tls" not found, secret="default/web-tls"',
            '"Caches populated" type="*v1.Secret" reflector="object-\\"kube-system\\"/\\"regcred\\""',
            f'"Observed pod startup duration" pod="kube-system/coredns-{self.hex(10)}-{self.hex(5)}" podStartSLOduration=2.{self.chance.randrange(10**9)}',
        ))  # fmt: skip
        return f"{self.moment()} k8s-node-3 kubelet[{self.chance.randrange(9999)}]: I1120 10:00:00.{self.chance.randrange(10**6):06}    {self.chance.randrange(9999)} kubelet.go:2453] {told}"

    def journal(self) -> str:
        told = self.chance.choice(PROSE)
        for length in (5, 43, 86, 300):
            told = told.replace(f"{{b64:{length}}}", self.b64(length))
        while (start := told.find("{hex:")) >= 0:
            end = told.index("}", start)
            told = told[:start] + self.hex(int(told[start + 5 : end])) + told[end + 1 :]
        values = {
            "n": self.chance.randrange(10**5),
            "b": self.chance.randrange(256),
            "p": self.chance.randrange(1024, 65536),
            "uuid": self.uuid(),
            "host": self.chance.choice(HOSTS),
        }
        return f"{self.moment()} {self.chance.choice(HOSTS)} {told.format(**values)}"

    def container(self) -> str:
        words = " ".join(self.chance.choices(WORDS, k=8))
        return f'{{"time":"2026-11-20T10:00:00Z","level":"info","msg":"{words}","trace_id":"{self.hex(32)}","span_id":"{self.hex(16)}","digest":"sha256:{self.hex(64)}","id":"{self.uuid()}","tokens":{self.chance.randrange(9999)}}}'

    def card(self) -> str:
        plan = new_id(NOVEMBER + timedelta(minutes=self.chance.randrange(30_000)))
        return f"Plan {short(plan)} ({plan}), revision 1, digest {self.hex(64)}: create a site on web1; needs 1 approval of 2; ✅ bob; ⏱ expires in 30 min; `touch /srv/sites/{self.hex(6)}/index.html`"

    def manifest(self) -> str:
        return f"        - name: TLS_MODE\n          value: strict\n        envFrom:\n        - secretRef:\n            name: web-{self.hex(5)}\n        - configMapKeyRef: {{key: token-ttl, name: web}}\n      imagePullSecrets:\n      - name: regcred\n      serviceAccountName: default"

    def block(self) -> str:
        kind = self.chance.choice(PUBLIC)
        text = self.b64(1200)
        lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
        pem = f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----"
        encoded = base64.b64encode(pem.encode()).decode()
        return self.chance.choice(
            (
                pem,
                f"    certificate-authority-data: {encoded}",
                f"    client-certificate-data: {encoded}",
            )
        )
