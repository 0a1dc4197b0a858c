"""Confine this process before it opens a file that is not ours: no writing, no network, no programs.

Linux has Landlock for files and seccomp for calls. Both hold for every thread that starts afterwards, and neither can
be taken back. Where one is missing, :func:`missing` says what is not confined. Nothing here hides what may be read.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

REFUSED_CALLS = (
    "execve", "execveat", "socket", "connect", "bind", "listen", "accept", "accept4", "ptrace", "process_vm_writev",
    "process_vm_readv", "mount", "umount2", "pivot_root", "chroot", "setns", "unshare", "bpf", "io_uring_setup",
    "keyctl", "add_key", "request_key", "init_module", "finit_module", "kexec_load", "reboot", "swapon", "swapoff",
    "perf_event_open", "userfaultfd",
)  # fmt: skip
"""Calls that a model has no use for: programs, sockets, other processes' memory, the system itself."""


@dataclass(frozen=True)
class Confined:
    """What holds of this process from now on."""

    files: bool
    """Nothing is written outside the folders that were named."""
    calls: bool
    """No program is started and no connection made."""


def confine(writable: Iterable[Path]) -> Confined:
    """Let this process write into some folders only, start no program and open no socket. Cannot be undone.

    To be called before any thread is started: those that run already are not confined.
    """
    # Calls first: finding libseccomp starts a program, which a process confined to files may not.
    calls = _confine_calls()
    return Confined(files=_confine_files(writable), calls=calls)


def missing() -> list[str]:
    """What this system cannot confine, for the reader of a message; empty where everything is confined."""
    lacks = []
    if not _has_landlock():
        lacks.append("writing files (Landlock: Linux 5.13 or newer, and the package landlock)")
    if not _has_seccomp():
        lacks.append("programs and the network (seccomp: Linux with libseccomp, and the package pyseccomp)")
    return lacks


def _confine_files(writable: Iterable[Path]) -> bool:
    if not _has_landlock():
        return False
    from landlock import FSAccess, Ruleset

    reading = FSAccess.READ_FILE | FSAccess.READ_DIR
    # Reading stays as it is: the model's file, its frameworks and their libraries lie anywhere.
    rules = Ruleset(restrict_rules=FSAccess.all() & ~reading)
    for folder in writable:
        rules.allow(folder, rules=FSAccess.all() & ~reading & ~FSAccess.EXECUTE)
    for device in ("/dev/null", "/dev/zero"):
        if Path(device).exists():
            rules.allow(device, rules=FSAccess.WRITE_FILE)
    rules.apply()
    return True


def _confine_calls() -> bool:
    if not _has_seccomp():
        return False
    import pyseccomp

    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for name in REFUSED_CALLS:
        try:
            rules.add_rule(pyseccomp.ERRNO(errno.EPERM), name)
        except (OSError, RuntimeError, ValueError):
            continue  # a call that this processor does not have
    rules.load()
    return True


def _has_landlock() -> bool:
    if sys.platform != "linux":
        return False
    try:
        from landlock import landlock_abi_version

        return bool(landlock_abi_version() >= 1)
    except Exception:  # not installed, or not in this kernel
        return False


def _has_seccomp() -> bool:
    if sys.platform != "linux":
        return False
    try:
        import pyseccomp

        return bool(pyseccomp.ALLOW is not None)
    except Exception:  # not installed, or without libseccomp
        return False
