"""Tokens that are known by their own shape: a service's prefix, and letters that nobody writes by chance."""

import re

from bot.redaction.rules import Rule

EDGE = r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
"""Not in the middle of a word; what a URL or JSON writes for a sign is none of the word."""
UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
END = r"(?![A-Za-z0-9])"


def _token(what: str, prefixes: str, tail: str) -> Rule:
    """One of these prefixes, then the tail; all of it is the secret."""
    keywords = tuple(prefixes.split())
    starts = "|".join(map(re.escape, keywords))
    return Rule(what, keywords, f"{EDGE}(?:{starts}){tail}")


def _around(what: str, keyword: str, head: str, before: int, tail: str) -> Rule:
    """A mark in the middle of a token, `before` letters from its beginning."""
    return Rule(what, (keyword,), f"{EDGE}{head}{re.escape(keyword)}{tail}", before=before)


def _b(least: int, most: int = 400) -> str:
    """Letters of base64url, so many."""
    return f"[A-Za-z0-9_-]{{{least},{most}}}"


def _a(least: int, most: int = 400) -> str:
    """Letters and digits, so many."""
    return f"[A-Za-z0-9]{{{least},{most}}}"


def _x(number: int) -> str:
    """Small hexadecimal digits, exactly so many."""
    return f"[a-f0-9]{{{number}}}{END}"


CODE = (
    _token("GitHub", "ghp_ gho_ ghu_ ghs_ ghr_", r"(?:[0-9]{1,12}_eyJ[A-Za-z0-9_.-]{40,2000}|[A-Za-z0-9_]{36,255})"),
    _token("GitHub, fine-grained", "github_pat_", r"[A-Za-z0-9_]{36,255}"),
    _token("GitLab", "glpat- gldt- glrt- glrtr- glcbt- glptt- glft- glimt- glagent- gloas- glsoat- glffct-", r"[A-Za-z0-9_-]{20,300}(?:\.[a-z0-9]{1,4}\.[a-z0-9]{5,12})?"),
    _token("GitLab, runner", "GR1348941", _b(20)),
    _token("Bitbucket", "ATBB", _a(28, 60)),
    _token("Atlassian", "ATATT3 ATCTT3", r"[A-Za-z0-9_=-]{50,400}"),
    _token("npm", "npm_", _a(36, 80)),
    _token("PyPI", "pypi-", _b(50, 1000)),
    _token("RubyGems", "rubygems_", _x(48)),
    _token("crates.io", "cio", f"{_a(32, 32)}{END}"),
    _token("Docker Hub", "dckr_pat_ dckr_oat_", _b(20, 100)),
    _token("Artifactory", "AKCp cmVmdGtu", _a(56, 100)),
    _token("CircleCI", "CCIPAT_ CCIPRJ_", r"[A-Za-z0-9_-]{30,120}"),
    _token("Buildkite", "bkua_", _x(40)),
    _token("Sourcegraph", "sgp_", r"(?:[a-f0-9]{16}_|local_)?[a-f0-9]{40}"),
    _token("Postman", "PMAK-", r"[a-f0-9]{24}-[a-f0-9]{34}"),
)  # fmt: skip

CLOUDS = (
    _token("AWS, key id", "AKIA ASIA ABIA ACCA", f"[A-Z0-9]{{16}}{END}"),
    _token("AWS, Bedrock", "ABSK", r"[A-Za-z0-9+/]{100,400}={0,2}"),
    _token("Google, API key", "AIza", f"{_b(35, 35)}(?![A-Za-z0-9_-])"),
    _token("Google, access token", "ya29.", r"(?:[a-z]\.)?[A-Za-z0-9_-]{20,2000}"),
    _token("Google, refresh token", "1//0", _b(30, 200)),
    _token("Google, client secret", "GOCSPX-", _b(24, 60)),
    _around("Azure, client secret", "Q~", r"[A-Za-z0-9_~.-]{3}[0-9]", 4, r"[A-Za-z0-9_~.-]{31,34}"),
    _around("Azure DevOps", "AZDO", r"[A-Za-z0-9]{76}", 76, f"[A-Za-z0-9]{{4}}{END}"),
    _around("Azure, storage key", "+ASt", r"[A-Za-z0-9+/]{76}", 76, r"[A-Za-z0-9+/]{5,6}={0,2}"),
    _token("DigitalOcean", "dop_v1_ doo_v1_ dor_v1_", _x(64)),
    _token("Cloudflare, origin CA", "v1.0-", r"[a-f0-9]{24}-[a-f0-9]{100,200}"),
    _token("Cloudflare, tunnel; Grafana, old key", "eyJhIjoi eyJrIjoi", r"[A-Za-z0-9+/=_-]{40,1000}"),
    _token("Heroku", "HRKU-", _b(30, 120)),
    _token("Tailscale", "tskey-", r"[a-z]{2,12}-[A-Za-z0-9]{6,40}(?:-[A-Za-z0-9]{6,80})?"),
    _token("Vault", "hvs. hvb. hvr.", _b(20, 500)),
    _token("Vault, old", "s.", rf"(?=[A-Za-z]{{0,23}}[0-9])(?=[a-z0-9]{{0,23}}[A-Z]){_a(24, 24)}{END}"),
    _around("Terraform Cloud", ".atlasv1.", r"[A-Za-z0-9]{14}", 14, _b(50, 100)),
    _token("Pulumi", "pul-", _x(40)),
    _token("Doppler", "dp.", r"(?:ct|pt|st|sa|scim|audit)\.(?:[a-z0-9_-]{2,40}\.)?[A-Za-z0-9]{40,48}"),
    _token("Databricks", "dapi", r"[a-f0-9]{32}(?:-[0-9]{1,2})?(?![A-Za-z0-9])"),
    _token("Fly.io", "fo1_ fm1a_ fm1r_ fm2_", r"[A-Za-z0-9+/=_-]{40,1000}"),
    _token("Netlify", "nfp_", _a(36, 60)),
    _token("Supabase", "sbp_", _x(40)),
    _token("Supabase, project", "sb_secret_", _b(20, 80)),
    _token("PlanetScale", "pscale_tkn_ pscale_pw_ pscale_oauth_", r"[A-Za-z0-9_.=-]{32,100}"),
    _token("Alibaba, key id", "LTAI", f"{_a(16, 24)}{END}"),
    _token("OpenShift", "sha256~", _b(40, 60)),
)  # fmt: skip

WATCH = (
    _token("Grafana, service account", "glsa_", r"[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}"),
    _token("Grafana Cloud", "glc_", r"[A-Za-z0-9+/]{32,500}={0,2}"),
    _token("Sentry", "sntrys_ sntryu_", r"[A-Za-z0-9+/=_-]{40,600}"),
    _token("New Relic", "NRAK- NRJS- NRII- NRIQ- NRRA-", _b(19, 60)),
    _around("New Relic, licence", "NRAL", r"[A-Za-z0-9]{36}", 36, END),
    _token("Dynatrace", "dt0c01. dt0s01. dt0s02. dt0s16.", r"[A-Z0-9]{8,24}\.[A-Z0-9]{64}"),
    _token("Linear", "lin_api_ lin_oauth_", _a(32, 80)),
    _token("Notion", "secret_", f"{_a(43, 43)}{END}"),
    _token("Notion, today's", "ntn_", _a(40, 60)),
    _token("Figma", "figd_ figo_", _b(36, 60)),
    _token("Airtable", "pat", rf"[A-Za-z0-9]{{14}}\.{_x(64)}"),
)  # fmt: skip

TALK = (
    _token("Slack", "xoxa- xoxb- xoxc- xoxd- xoxe- xoxe.xoxb- xoxe.xoxp- xoxo- xoxp- xoxr- xoxs-", r"[A-Za-z0-9%-]{10,400}"),
    _token("Slack, app", "xapp-", r"[0-9]-[A-Za-z0-9]{5,20}-[0-9]{5,20}-[A-Za-z0-9]{16,100}"),
    Rule("Slack, webhook", ("hooks.slack.com/",), r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[A-Za-z0-9/_-]{20,120})"),
    Rule("Discord, webhook", ("/api/webhooks/",), r"/api/webhooks/[0-9]{15,22}/(?P<secret>[A-Za-z0-9_-]{40,100})"),
    Rule("Teams, webhook", (".webhook.office.com/",), r"\.webhook\.office\.com/webhookb2/(?P<secret>[A-Za-z0-9@/_-]{40,250})"),
    Rule("Telegram", (":AA",), r"(?<=[0-9]{8}):(?P<secret>AA[A-Za-z0-9_-]{33})(?![A-Za-z0-9_-])"),
    _token("Matrix", "syt_ syr_", r"[A-Za-z0-9+/=_-]{4,400}_[A-Za-z0-9]{6}"),
    _token("Matrix, account service", "mat_ mar_ mct_ mcr_ mua_", r"[A-Za-z0-9]{24,60}_[A-Za-z0-9]{6}"),
    Rule("Matrix, recovery key", ("Es",), rf"{EDGE}Es[1-9A-HJ-NP-Za-km-z]{{2}}(?:[ ][1-9A-HJ-NP-Za-km-z]{{4}}){{11}}{END}"),
    _token("Mattermost, Zulip and other bots", "xoxt- zlp_", _a(24, 60)),
)  # fmt: skip

MODELS = (
    _token("Anthropic", "sk-ant-", _b(20, 300)),
    _token("OpenAI and OpenRouter", "sk-proj- sk-svcacct- sk-admin- sk-or-", _b(20, 300)),
    _token("OpenAI, old", "sk-", f"{_a(32, 100)}{END}"),
    _token("Hugging Face", "hf_ api_org_", f"{_a(30, 60)}{END}"),
    _token("Groq", "gsk_", _a(40, 80)),
    _token("xAI", "xai-", _a(60, 120)),
    _token("Perplexity", "pplx-", _a(40, 80)),
    _token("Replicate", "r8_", f"{_a(37, 37)}{END}"),
)  # fmt: skip

MONEY_AND_MAIL = (
    _token("Stripe", "sk_live_ sk_test_ rk_live_ rk_test_ sk_org_", _a(16, 250)),
    _token("webhook secret of Stripe, Svix and others", "whsec_", r"[A-Za-z0-9+/]{24,100}={0,2}"),
    _token("Square", "sq0atp- sq0csp-", _b(22, 60)),
    _token("Shopify", "shpat_ shpca_ shppa_ shpss_", r"[A-Fa-f0-9]{32}"),
    _token("Twilio", "SK", _x(32)),
    _token("SendGrid", "SG.", r"[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}"),
    Rule("Mailgun", ("key-",), rf"(?<![\w-])key-[a-z0-9]{{32}}{END}"),
    _around("Mailchimp", "-us", r"[0-9a-f]{32}", 32, rf"[0-9]{{1,2}}{END}"),
    _token("Brevo", "xkeysib- xsmtpsib-", r"[a-f0-9]{64}-[A-Za-z0-9]{16}"),
    _token("Resend", "re_", r"[A-Za-z0-9]{8}_[A-Za-z0-9]{24}"),
    _token("1Password, service account", "ops_eyJ", _b(100, 2000)),
)  # fmt: skip

PLAIN = (
    Rule(
        "JWT",
        ("eyJ",),
        r"(?:(?<![A-Za-z0-9_-])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))eyJ[A-Za-z0-9_-]{8,8000}\.[A-Za-z0-9_-]{8,16000}(?:\.[A-Za-z0-9_-]{0,16000}){0,3}",
    ),
    Rule(
        "Discord",
        (),
        # The first part is a number in base64: its letters come from few in each place.
        r"[MNO](?<![\w-][MNO])[DTjz][AEIMQUYcgk][w-z0-5](?:[MNO][DTjz][AEIMQUYcgk][w-z0-5]){4}[A-Za-z0-9]{2,8}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,45}",
    ),
    Rule("age", ("AGE-SECRET-KEY-", "AGE-PLUGIN-"), r"AGE-(?:SECRET-KEY|PLUGIN-[A-Z0-9]{1,30})-[A-Z0-9-]{1,20}[0-9A-Z]{40,400}"),
)  # fmt: skip

TOKENS = CODE + CLOUDS + WATCH + TALK + MODELS + MONEY_AND_MAIL + PLAIN
