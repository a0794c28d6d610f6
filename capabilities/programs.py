"""The table of programs: what each may do at least. Read by `risk`; nothing else knows a program by name.

An option not on a program's list, and a program not in the table, count as `change` and level 3. Options are matched
as written (`-o`, `--output`); `*` lets every option pass, except those with a risk of their own.
"""

from collections.abc import Mapping

from msgspec import Struct, field

from bot.model.sections import Risk

READ, LOW, CHANGE, DESTROY = Risk.READ, Risk.LOW, Risk.CHANGE, Risk.DESTROY


class Program(Struct, frozen=True):
    """`base` is the least risk; `valued` are options that take the next word; `raises` those with a greater risk.

    `verbs` maps sub-commands to risks (the first word that is no option). `cluster` says that short options may stand
    together (`-rf`). `operands` is how many plain words stay within `base`: more are `change` at level 3.
    """

    base: Risk
    options: frozenset[str] = frozenset({"*"})
    valued: frozenset[str] = frozenset()
    raises: Mapping[str, Risk] = field(default_factory=dict)
    verbs: Mapping[str, Risk] | None = None
    cluster: bool = True
    operands: int | None = None


def _only(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PLAIN = Program(READ)

PROGRAMS: dict[str, Program] = {
    **dict.fromkeys(
        _only(
            "df du free uptime ps pgrep ls test stat head wc cut uname cat tac nl id whoami groups getent nproc arch "
            "lscpu lsblk lsmod lsusb lspci findmnt readlink realpath basename dirname echo printf true false tr fold "
            "expand paste comm join cmp md5sum sha1sum sha256sum sha512sum cksum vmstat iostat mpstat who w last "
            "numfmt seq sleep od rev column namei zcat diff grep egrep fgrep tail mountpoint locale "
            "lsns"
        ),
        _PLAIN,
    ),
    "file": Program(READ, raises={"-C": CHANGE, "--compile": CHANGE}),
    "du": Program(READ, valued=_only("-d --max-depth -t --threshold --exclude")),
    "lsof": Program(
        READ, options=_only("-n -P -i -p -u -t -a -l -nP -c"), valued=_only("-p -u -c")
    ),
    "date": Program(
        READ, valued=_only("-s -d -r -f --date"), raises={"-s": CHANGE, "--set": CHANGE}, operands=1
    ),
    "hostname": Program(
        READ, options=_only("-f -s -d -i -I -A --fqdn --short --all-ip-addresses"), operands=0
    ),
    "dmesg": Program(
        READ,
        options=_only(
            "-T -t -H -l --level -x -k -r -f --ctime --decode --human --nopager -P --facility --since --until"
        ),
        valued=_only("-l --level -f --facility --since --until"),
    ),
    "ss": Program(READ, raises={"-K": CHANGE, "--kill": CHANGE, "-D": CHANGE, "--diag": CHANGE}),
    "sort": Program(
        READ,
        options=_only(
            "-n -r -h -k -t -u -f -b -V -g -M -d -s -z -c --reverse --numeric-sort --human-numeric-sort --key --unique"
        ),
        valued=_only("-k -t"),
    ),
    "uniq": Program(READ, operands=1, valued=_only("-f -s -w")),
    "ip": Program(
        READ,
        options=_only(
            "-br -brief -j -json -4 -6 -o -oneline -s -stats -d -details -c -color -p -pretty"
        ),
        cluster=False,
        verbs={
            **dict.fromkeys(
                _only("a addr address l link r route n neigh neighbour rule"),
                READ,
            )
        },
    ),
    "systemctl": Program(
        READ,
        options=_only(
            "--no-pager --plain --no-legend --failed --state --type -t --all -a -l --full -n --lines -q --quiet "
            "-p --property --value --user --system -o --output"
        ),
        valued=_only("-t -n -p -o --state --type --lines --property --output"),
        verbs={
            **dict.fromkeys(
                _only(
                    "status is-active is-enabled is-failed is-system-running list-units list-unit-files list-timers "
                    "list-sockets list-dependencies list-jobs show cat get-default"
                ),
                READ,
            ),
            **dict.fromkeys(
                _only(
                    "start stop restart reload try-restart reload-or-restart enable disable reset-failed daemon-reload "
                    "reenable mask unmask"
                ),
                CHANGE,
            ),
            **dict.fromkeys(
                _only("poweroff reboot halt kexec isolate emergency rescue suspend hibernate kill"),
                DESTROY,
            ),
        },
    ),
    "service": Program(CHANGE, options=frozenset(), operands=2),
    "sed": Program(
        READ,
        options=_only("-n -E -r -e -z -i --quiet --in-place --expression"),
        valued=_only("-e --expression"),
        raises={"-i": CHANGE, "--in-place": CHANGE},
    ),
    **dict.fromkeys(
        _only("awk gawk mawk nawk"), Program(READ, options=_only("-F"), valued=_only("-F"))
    ),
    "journalctl": Program(
        READ,
        options=_only(
            "-u --unit -n --lines -p --priority -b --boot -k --dmesg -r --reverse -S --since -U --until -o --output "
            "--no-pager -q --quiet -x --catalog -e -g --grep -t --identifier --utc --no-hostname --disk-usage "
            "--list-boots --user-unit --system --user -a --all --no-full -l --full"
        ),
        valued=_only(
            "-u --unit -n --lines -p --priority -S --since -U --until -o --output -g --grep -t --identifier --user-unit"
        ),
        raises={
            "--vacuum-size": DESTROY,
            "--vacuum-time": DESTROY,
            "--vacuum-files": DESTROY,
            "--rotate": CHANGE,
            "--flush": CHANGE,
        },
    ),
    "loginctl": Program(
        READ,
        options=_only("--no-pager --no-legend"),
        verbs=dict.fromkeys(_only("list-sessions list-users"), READ),
    ),
    "timedatectl": Program(
        READ,
        options=_only("--no-pager"),
        verbs=dict.fromkeys(_only("status show timesync-status"), READ),
    ),
    "hostnamectl": Program(
        READ, options=_only("--no-pager"), verbs=dict.fromkeys(_only("status"), READ)
    ),
    "find": Program(
        READ,
        options=_only(
            "-L -P -H -name -iname -path -type -size -mtime -mmin -newer -maxdepth -mindepth -xdev -mount -print -print0 "
            "-printf -ls -user -group -perm -empty -readable -a -o -not -regex -links -samefile -prune"
        ),
        valued=_only(
            "-name -iname -path -type -size -mtime -mmin -newer -maxdepth -mindepth -printf -user -group -perm -regex "
            "-links -samefile"
        ),
        raises={
            "-delete": DESTROY,
            "-fprint": CHANGE,
            "-fprint0": CHANGE,
            "-fprintf": CHANGE,
            "-fls": CHANGE,
        },
        cluster=False,
    ),
    # Its base is what `nginx -t` does; `risk` raises everything that is no look.
    "nginx": Program(
        READ,
        options=_only("-t -T -q -v -V -s -c -p -e"),
        valued=_only("-s -c -p -e -g"),
        cluster=False,
        operands=0,
    ),
    "curl": Program(
        LOW,
        options=_only(
            "-s -S -f -L -I -i -k -4 -6 -w -m -A -H -o -O -X -d -v --silent --show-error --fail --location --head --include "
            "--insecure --ipv4 --ipv6 --write-out --max-time --connect-timeout --proto --proto-redir --resolve --output "
            "--user-agent --retry --retry-delay --retry-max-time --retry-connrefused --noproxy --globoff -g --compressed "
            "--max-redirs --fail-with-body --header --request --data --data-raw --json --upload-file -T --get -G "
            "--max-filesize --range -r --http1.1 --no-progress-meter --disable -q --interface"
        ),
        valued=_only(
            "-w -m -A -H -o -X -d -T -r --write-out --max-time --connect-timeout --proto --proto-redir --resolve --output "
            "--user-agent --retry --retry-delay --retry-max-time --noproxy --max-redirs --header --request --data "
            "--data-raw --json --upload-file --max-filesize --range --interface"
        ),
        raises={
            **dict.fromkeys(
                _only("-O -X -d -T --request --data --data-raw --json --upload-file"),
                CHANGE,
            )
        },
    ),
    "ping": Program(
        LOW, options=_only("-c -W -w -i -4 -6 -n -q -s -I"), valued=_only("-c -W -w -i -s -I")
    ),
    "tracepath": Program(LOW, options=_only("-n -4 -6 -b -m"), valued=_only("-m")),
    "traceroute": Program(LOW, options=_only("-n -4 -6 -m -w -q -I -T"), valued=_only("-m -w -q")),
    "dig": Program(LOW, options=_only("-4 -6 -x -t -p -c -q"), valued=_only("-x -t -p -c -q")),
    "host": Program(LOW, options=_only("-t -4 -6 -W -a"), valued=_only("-t -W")),
    "nslookup": Program(LOW, options=frozenset()),
    "whois": Program(LOW, options=frozenset()),
    "nc": Program(CHANGE, options=_only("-z -w -v -4 -6 -n"), valued=_only("-w")),
    "mkdir": Program(
        CHANGE, options=_only("-p -m -v -Z --parents --mode --verbose"), valued=_only("-m")
    ),
    "rmdir": Program(CHANGE, options=_only("-v -p --ignore-fail-on-non-empty --verbose")),
    "ln": Program(
        CHANGE, options=_only("-s -f -n -v -r -T --symbolic --force --no-dereference --relative")
    ),
    "touch": Program(CHANGE, options=_only("-a -m -c -d -r -t"), valued=_only("-d -r -t")),
    "rm": Program(
        CHANGE,
        options=_only("-f -v -i -d -r -R --force --verbose --recursive --dir --one-file-system"),
        raises={"-r": DESTROY, "-R": DESTROY, "--recursive": DESTROY},
    ),
    "mv": Program(
        CHANGE, options=_only("-f -n -v -T -b --no-clobber --no-target-directory --force")
    ),
    "cp": Program(
        CHANGE,
        options=_only(
            "-a -p -f -n -v -T -r -R -d -L -P --no-clobber --archive --preserve --recursive"
        ),
    ),
    "install": Program(CHANGE, options=_only("-d -m -o -g -D -T -v"), valued=_only("-m -o -g")),
    "chmod": Program(CHANGE, options=_only("-v -c -f -R --recursive")),
    "chown": Program(CHANGE, options=_only("-v -c -f -h -R --recursive")),
    "chgrp": Program(CHANGE, options=_only("-v -c -f -h -R --recursive")),
    "tee": Program(CHANGE, options=_only("-a --append")),
    "kill": Program(
        CHANGE,
        options=_only("-s -TERM -HUP -INT -USR1 -USR2 -KILL -9 -15 -1"),
        valued=_only("-s"),
        cluster=False,
    ),
    "logger": Program(CHANGE, options=_only("-t -p"), valued=_only("-t -p")),
    "truncate": Program(DESTROY, options=_only("-s --size -c"), valued=_only("-s")),
    "shred": Program(DESTROY),
    "dd": Program(DESTROY, cluster=False),
    "fdisk": Program(DESTROY),
    "wipefs": Program(DESTROY),
    "mkfs": Program(DESTROY),
    "mkswap": Program(DESTROY),
    "blkdiscard": Program(DESTROY),
    "reboot": Program(DESTROY),
    "shutdown": Program(DESTROY),
    "poweroff": Program(DESTROY),
    "halt": Program(DESTROY),
    "userdel": Program(DESTROY),
    "groupdel": Program(DESTROY),
    "killall": Program(DESTROY),
    "pkill": Program(DESTROY),
    "docker": Program(
        READ,
        options=_only(
            "-a --all -n --tail --no-trunc --format --filter -f --no-stream --since -q -s --size"
        ),
        valued=_only("-n --tail --format --filter -f --since"),
        verbs={
            **dict.fromkeys(_only("ps images logs inspect stats top version info port diff"), READ),
            **dict.fromkeys(_only("start stop restart pause unpause"), CHANGE),
            **dict.fromkeys(_only("rm rmi kill prune"), DESTROY),
        },
    ),
    "pct": Program(
        READ,
        options=frozenset(),
        verbs={
            **dict.fromkeys(_only("list status config"), READ),
            **dict.fromkeys(_only("start shutdown reboot"), CHANGE),
            **dict.fromkeys(_only("destroy stop rollback restore"), DESTROY),
        },
    ),
    "qm": Program(
        READ,
        options=frozenset(),
        verbs={
            **dict.fromkeys(_only("list status config"), READ),
            **dict.fromkeys(_only("start shutdown reboot"), CHANGE),
            **dict.fromkeys(_only("destroy stop rollback"), DESTROY),
        },
    ),
}

FILES = _only("rm rmdir mv cp ln mkdir touch chmod chown chgrp tee truncate shred install dd")
"""Programs whose plain words are paths of files they change."""
