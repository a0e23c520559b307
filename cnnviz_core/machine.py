"""How this process uses the machine: what torch needs in order to be fast on a processor."""

import contextlib
import ctypes
import os

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # names of parameters in glibc's malloc.h
_KEPT = 1 << 30  # bytes


def settle() -> None:
    """Let waiting threads sleep, and keep freed memory for the next layer. To be called before torch is imported.

    Threads that spin while they wait slow down a shared machine, and themselves, several times. And glibc takes every
    block of more than 32 MiB from the system anew, so that each layer of each batch pays for its page faults: more than
    half of the time of a SqueezeNet. Neither changes a result.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _KEPT)
        library.mallopt(_M_TRIM_THRESHOLD, _KEPT)
