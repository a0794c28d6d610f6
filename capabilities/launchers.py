"""Programs and options that run other programs: never in a template. Read by `risk`."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LAUNCHERS = _words(
    "sh bash dash ash zsh ksh mksh fish csh tcsh rbash busybox toybox env xargs parallel sudo su doas runuser pkexec "
    "gosu ssh scp sftp rsync sshpass mosh telnet nohup nice ionice chrt taskset timeout time watch setsid stdbuf strace "
    "ltrace gdb perf chroot unshare nsenter bwrap firejail systemd-run systemd-nspawn machinectl flock script expect at "
    "batch crontab start-stop-daemon daemonize run-parts dbus-run-session python python2 python3 perl ruby node nodejs "
    "deno bun php lua luajit tclsh wish guile Rscript jshell osascript pwsh ed ex vi vim nvim "
    "emacs nano view less more most man info pager screen tmux eval exec source . command builtin coproc let trap set "
    "alias hash type time until while do done then else fi case esac function select cd pushd popd export make m4 "
    "socat entr ld.so setpriv capsh faketime fakeroot proot cpulimit prlimit numactl setarch linux32 linux64 npx"
)
"""Programs whose business is to run others, or that hold an interpreter: never in a template."""

LAUNCHING_OPTIONS: dict[str, frozenset[str]] = {
    "find": _words("-exec -execdir -ok -okdir"),
    "sort": _words("--compress-program"),
    "docker": _words("exec run"),
    "pct": _words("exec enter push"),
    "qm": _words("guest terminal"),
    "ip": _words("netns vrf -batch -b"),
    "install": _words("--strip-program -s"),
    "curl": _words("-K --config"),
    "tar": _words(
        "--checkpoint-action --to-command -I --use-compress-program -F --info-script --new-volume-script --rsh-command"
    ),
    "zip": _words("-TT --unzip-command"),
    "git": _words("-c --config-env --exec-path --upload-pack --receive-pack"),
}
"""Words with which an otherwise plain program runs another one, or reads more orders from elsewhere."""
