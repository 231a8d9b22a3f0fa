"""The system call filter: an allow-list compiled to classic BPF. Everything else answers EPERM."""

import ctypes
import errno
import socket
import struct
from collections.abc import Iterable

from yimen_host.runtime.sandbox import kernel, syscalls

_LOAD, _JUMP_EQUAL, _JUMP_SET, _JUMP_GREATER_EQUAL, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_RET_ALLOW, _RET_KILL, _RET_ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_SET_MODE_FILTER = 1
_NUMBER, _ARCHITECTURE = 0, 4
_X32_BIT = 0x40000000

# Sub-commands of prctl that name threads and read harmless state; of ioctl, what event loops and terminals' checks ask.
_PRCTL = (3, 15, 16, 21, 39)  # GET_DUMPABLE SET_NAME GET_NAME GET_SECCOMP GET_NO_NEW_PRIVS
_IOCTL = (0x541B, 0x5421, 0x5450, 0x5451, 0x5401, 0x5413)  # FIONREAD FIONBIO FIONCLEX FIOCLEX TCGETS TIOCGWINSZ
_NEW_NAMESPACES = 0x7E020080  # every CLONE_NEW* bit, CLONE_NEWTIME among them

Instruction = tuple[int, int, int, int]


def available() -> bool:
    """Whether this machine has a table of system calls."""
    return syscalls.current() is not None


def restrict(*, connect: bool = True) -> None:
    """Apply the filter to this process and all it starts, for ever. Without `connect` no socket can be connected."""
    machine = syscalls.current()
    if machine is None:
        raise OSError(errno.ENOSYS, "seccomp: no system call table for this machine")
    program = _compile(machine, connect=connect)
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    header = struct.pack("@HP", len(program), ctypes.addressof(code))
    kernel.call("seccomp", _SET_MODE_FILTER, 0, header)


def _compile(machine: syscalls.Machine, *, connect: bool) -> list[Instruction]:
    numbers = machine.numbers
    program = [
        _load(_ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, machine.audit),
        _return(_RET_KILL),
        _load(_NUMBER),
        (_JUMP_GREATER_EQUAL, 0, 1, _X32_BIT),
        _return(_RET_KILL),
    ]
    program += _when(numbers["clone3"], [_return(_RET_ERRNO | errno.ENOSYS)])
    program += _when(numbers["clone"], _refuse_bits(_NEW_NAMESPACES))
    program += _when(numbers["socket"], _accept_values(0, (socket.AF_UNIX,)))
    program += _when(numbers["socketpair"], _accept_values(0, (socket.AF_UNIX,)))
    program += _when(numbers["prctl"], _accept_values(0, _PRCTL))
    program += _when(numbers["ioctl"], _accept_values(1, _IOCTL))
    program += _when(numbers["prlimit64"], _read_own_limits())
    allowed = syscalls.ALLOWED if connect else syscalls.ALLOWED - {"connect"}
    for number in sorted(numbers[name] for name in allowed if name in numbers):
        program += _when(number, [_return(_RET_ALLOW)])
    return [*program, _return(_RET_ERRNO | errno.EPERM)]


def _when(number: int, then: list[Instruction]) -> list[Instruction]:
    return [(_JUMP_EQUAL, 0, len(then), number), *then]


def _accept_values(argument: int, values: Iterable[int]) -> list[Instruction]:
    steps = [_load(_argument(argument))]
    for value in values:
        steps += [(_JUMP_EQUAL, 0, 1, value), _return(_RET_ALLOW)]
    return [*steps, _return(_RET_ERRNO | errno.EPERM)]


def _refuse_bits(bits: int) -> list[Instruction]:
    return [
        _load(_argument(0)),
        (_JUMP_SET, 0, 1, bits),
        _return(_RET_ERRNO | errno.EPERM),
        _return(_RET_ALLOW),
    ]


def _read_own_limits() -> list[Instruction]:
    """prlimit64 only for oneself (pid 0) and only to read (no new value)."""
    refuse = _return(_RET_ERRNO | errno.EPERM)
    return [
        _load(_argument(0)),
        (_JUMP_EQUAL, 1, 0, 0),
        refuse,
        _load(_argument(2)),
        (_JUMP_EQUAL, 1, 0, 0),
        refuse,
        _load(_argument(2) + 4),
        (_JUMP_EQUAL, 1, 0, 0),
        refuse,
        _return(_RET_ALLOW),
    ]


def _argument(index: int) -> int:
    """Offset of the low half of an argument in struct seccomp_data (little endian)."""
    return 16 + 8 * index


def _load(offset: int) -> Instruction:
    return (_LOAD, 0, 0, offset)


def _return(value: int) -> Instruction:
    return (_RETURN, 0, 0, value)
