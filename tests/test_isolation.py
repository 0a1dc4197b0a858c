"""Workers: what a death is called, what it leaves behind, and that none outlives us."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from zoodata.isolation import Worker, WorkerFailed, can_disable_aslr, can_stop


class Named(Exception):
    reason = "needs_download"


class Handler:
    """Does what a test asks, in the worker."""

    def echo(self, value):
        return value

    def variable(self, name):
        return os.environ.get(name)

    def odd(self):
        b"\xff".decode()

    def fail(self, named):
        raise Named("ask for the file") if named else KeyError("missing")

    def sleep(self, seconds):
        time.sleep(seconds)

    def die(self, number):
        print("the last words of a C++ library", file=sys.stderr, flush=True)
        os.kill(os.getpid(), number)

    def leave(self, code):
        os._exit(code)

    def eat(self, mebibytes):
        self.kept = bytearray(mebibytes * 2**20)
        for position in range(0, len(self.kept), 4096):
            self.kept[position] = 1
        time.sleep(60)

    def pid(self):
        return os.getpid()

    def address(self):
        self.block = ctypes.create_string_buffer(2**24)  # so large that it is mapped below all libraries
        return ctypes.addressof(self.block)


def test_answers_and_environment():
    with Worker(Handler, {"ZOODATA_TEST": "yes"}) as worker:
        assert worker.call(60, Handler.echo, {"a": [1, 2]}) == {"a": [1, 2]}
        assert worker.call(60, Handler.variable, "ZOODATA_TEST") == "yes"


@pytest.mark.parametrize(
    ("method", "argument", "reason", "message"),
    [
        ("fail", True, "needs_download", "ask for the file"),
        ("fail", False, "crashed", "KeyError: 'missing'"),
        ("die", signal.SIGSEGV, "crashed", "SIGSEGV: the last words"),
        ("leave", 3, "crashed", "exit code 3"),
    ],
)
def test_each_failure_has_its_reason(method, argument, reason, message):
    with Worker(Handler) as worker:
        with pytest.raises(WorkerFailed) as caught:
            worker.call(60, getattr(Handler, method), argument)
        assert caught.value.reason == reason
        assert message in caught.value.message


def test_pythons_own_reasons_are_no_reasons_of_ours():
    with Worker(Handler) as worker, pytest.raises(WorkerFailed) as caught:
        worker.call(60, Handler.odd)
    assert caught.value.reason == "crashed"
    assert "UnicodeDecodeError" in caught.value.message


@pytest.mark.skipif(not can_stop(), reason="workers are stopped on Linux only")
def test_a_forgotten_stopped_worker_does_not_hang_the_exit():
    program = (
        "from tests.test_isolation import Handler\n"
        "from zoodata.isolation import Worker\n"
        "if __name__ == '__main__':\n"
        "    worker = Worker(Handler); worker.call(60, Handler.pid); worker.stop(); raise KeyboardInterrupt\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=30)
    assert done.returncode != 0


def test_an_exception_leaves_the_worker_usable():
    with Worker(Handler) as worker:
        with pytest.raises(WorkerFailed):
            worker.call(60, Handler.fail, False)
        assert worker.call(60, Handler.echo, 1) == 1


def address(shift=None):
    with Worker(Handler, memory_shift=shift) as worker:
        return worker.call(60, Handler.address)


@pytest.mark.skipif(not can_disable_aslr(), reason="ASLR cannot be turned off here")
def test_processes_of_one_shift_have_their_memory_at_the_same_addresses():
    assert address(0) == address(0) != address(5000) == address(5000)
    assert address() != address(), "and without a shift ASLR is on again"


def test_too_long():
    with Worker(Handler) as worker:
        worker.call(60, Handler.echo, 1)
        with pytest.raises(WorkerFailed) as caught:
            worker.call(0.5, Handler.sleep, 60)
        assert caught.value.reason == "timed_out"
        assert not worker.alive


def test_too_much_memory():
    with Worker(Handler, memory_limit=300 * 2**20) as worker:
        with pytest.raises(WorkerFailed) as caught:
            worker.call(30, Handler.eat, 600)
        assert caught.value.reason == "out_of_memory"
        assert not worker.alive


HUNGRY = "import time; kept = bytearray(b'1') * (600 * 2**20); time.sleep(60)"


def start_a_hungry_program():
    Handler.started = subprocess.Popen([sys.executable, "-c", HUNGRY])


def test_memory_of_what_it_started_is_counted_too():
    with Worker(Handler, memory_limit=300 * 2**20, before=start_a_hungry_program) as worker:
        with pytest.raises(WorkerFailed) as caught:
            worker.call(30, Handler.sleep, 60)
        assert caught.value.reason == "out_of_memory"
        assert not worker.alive
    time.sleep(0.5)
    assert not [p for p in psutil.process_iter(["cmdline"]) if HUNGRY in (p.info["cmdline"] or [])], "it is gone too"


@pytest.mark.skipif(not can_stop(), reason="workers are stopped on Linux only")
def test_a_stopped_worker_takes_no_time_and_goes_on():
    with Worker(Handler) as worker:
        process = psutil.Process(worker.call(60, Handler.pid))
        worker.stop()
        time.sleep(0.1)
        assert process.status() == psutil.STATUS_STOPPED
        worker.resume()
        assert worker.call(60, Handler.echo, 2) == 2


@pytest.mark.skipif(not can_stop(), reason="only Linux ends orphans for us")
def test_no_worker_outlives_a_killed_parent_even_when_stopped():
    program = (
        "from tests.test_isolation import Handler\n"
        "from zoodata.isolation import Worker\n"
        "if __name__ == '__main__':\n"
        "    worker = Worker(Handler); print(worker.call(60, Handler.pid), flush=True); worker.stop()\n"
        "    import time; time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the worker is still there"
        time.sleep(0.05)
