"""`gg.flags`: TF1's command-line flags: `DEFINE_integer("steps", 100, "...")`, then `FLAGS.steps`."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn


class Error(Exception):
    """A flag was defined, set or parsed in a way that can't be right."""


class DuplicateFlagError(Error):
    """A flag was defined twice."""


class IllegalFlagValueError(Error):
    """A value does not fit its flag."""


class UnrecognizedFlagError(Error, AttributeError):
    """There is no flag of this name."""


@dataclass(slots=True)
class Flag:
    """A flag of the command line.

    Attributes:
        name: what follows `--`.
        default, value: what it is if the command line says nothing, and what it is.
        help: what it is for.
        parse: the value that a text stands for; `ValueError` if it stands for none.
        boolean: whether `--name` and `--noname` set it.
        several: whether each `--name=...` adds to a list.
        present: whether the command line has set it.
    """

    name: str
    default: Any
    help: str
    parse: Callable[[str], Any]
    boolean: bool = False
    several: bool = False
    short_name: str | None = None
    value: Any = None
    present: bool = False

    def set_text(self, text: str) -> None:
        """Take the value from a command line."""
        try:
            found = self.parse(text)
        except ValueError as error:
            raise IllegalFlagValueError(f"flag --{self.name}={text}: {error}") from None
        self.value = [*(self.value if self.present else []), found] if self.several else found
        self.present = True


class FlagValues:
    """The flags of a program; `FLAGS.name` is a flag's value. Parses `sys.argv` when first asked, if nobody has.

    >>> flags = FlagValues()
    >>> flags.define("steps", 100, "how many steps", int)
    >>> flags(["prog", "--steps=5", "data.txt"]), flags.steps
    (['prog', 'data.txt'], 5)
    """

    def __init__(self) -> None:
        self.__dict__["_flags"] = {}
        self.__dict__["_parsed"] = False

    def define(self, name: str, default: Any, help: str | None, parse: Callable[[str], Any], **options: Any) -> None:
        """Define a flag; a default that is a text is parsed."""
        if name in self._flags:
            raise DuplicateFlagError(f"the flag --{name} is defined twice")
        flag = Flag(name, default, help or "", parse, **options)
        if isinstance(default, str) and not flag.several:
            flag.set_text(default)
        else:
            flag.value = default
        flag.default, flag.present = flag.value, False
        self._flags[name] = flag
        if flag.short_name:
            self._flags[flag.short_name] = flag

    def __call__(self, argv: Sequence[str], known_only: bool = False) -> list[str]:
        """Take the flags out of a command line.

        Args:
            argv: the program's name and its arguments. What follows `--` is left alone.
            known_only: whether flags that nobody has defined are left in it.

        Returns:
            The program's name and what is no flag.

        Raises:
            UnrecognizedFlagError: for a flag that nobody has defined.
            IllegalFlagValueError: for a value that does not fit, or is missing.
        """
        rest, pending = [argv[0]], list(argv[1:])
        while pending:
            word = pending.pop(0)
            if word == "--":
                rest += pending
                break
            if not word.startswith("-") or word == "-":
                rest.append(word)
            elif not self._take(word, pending):
                if not known_only:
                    raise UnrecognizedFlagError(_unknown(word.lstrip("-").partition("=")[0], self._flags))
                rest.append(word)
        self.__dict__["_parsed"] = True
        return rest

    def _take(self, word: str, pending: list[str]) -> bool:
        """Set the flag that a word names, with the next word where it needs one; False if there is none."""
        name, equals, text = word.lstrip("-").partition("=")
        name = name.replace("-", "_") if name not in self._flags else name
        flag = self._flags.get(name)
        if flag is None and name.startswith("no") and not equals:
            flag, text = self._flags.get(name[2:]), "false"
            if flag is not None and not flag.boolean:
                return False
        elif flag is not None and flag.boolean and not equals:
            text = "true"
        elif flag is not None and not equals:
            if not pending:
                raise IllegalFlagValueError(f"flag --{name} needs a value")
            text = pending.pop(0)
        if flag is None:
            return False
        flag.set_text(text)
        return True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if not self._parsed:
            self(sys.argv, known_only=True)
        if name not in self._flags:
            raise UnrecognizedFlagError(_unknown(name, self._flags))
        return self._flags[name].value

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._flags:
            raise UnrecognizedFlagError(_unknown(name, self._flags))
        self._flags[name].value = value

    def __delattr__(self, name: str) -> None:
        if name not in self._flags:
            raise UnrecognizedFlagError(_unknown(name, self._flags))
        flag = self._flags.pop(name)
        self._flags.pop(flag.short_name or "", None)

    def __contains__(self, name: str) -> bool:
        return name in self._flags

    def __iter__(self) -> Any:
        return iter(self._flags)

    def __getitem__(self, name: str) -> Flag:
        found: Flag = self._flags[name]
        return found

    def __dir__(self) -> list[str]:
        return sorted(self._flags)

    def flag_values_dict(self) -> dict[str, Any]:
        """Each flag's name and value."""
        return {flag.name: flag.value for flag in self._flags.values()}

    def is_parsed(self) -> bool:
        """Whether a command line has been parsed."""
        return bool(self._parsed)

    def mark_as_parsed(self) -> None:
        """Take the defaults for the command line."""
        self.__dict__["_parsed"] = True

    def get_help(self) -> str:
        """The flags with their defaults, a line each, for people."""
        lines = {}
        for flag in self._flags.values():
            sign = f"--[no]{flag.name}" if flag.boolean else f"--{flag.name}"
            lines[flag.name] = f"  {sign}: {flag.help}\n    (default: {flag.default!r})"
        return "\n".join(lines[name] for name in sorted(lines))

    def reset(self) -> None:
        """Forget all flags."""
        self._flags.clear()
        self.__dict__["_parsed"] = False


def _unknown(name: str, known: Iterable[str]) -> str:
    return f"unknown command line flag {name!r}; there are: {', '.join(sorted(known)) or 'none'}"


FLAGS = FlagValues()


def _boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered in ("true", "t", "1", "yes", "y"):
        return True
    if lowered in ("false", "f", "0", "no", "n"):
        return False
    raise ValueError("give true or false")


def _integer(text: str) -> int:
    return int(text, 0)


def _list(text: str) -> list[str]:
    return [item.strip() for item in next(csv.reader([text], strict=True), [])]


def _bounded(parse: Callable[[str], Any], lower: Any, upper: Any) -> Callable[[str], Any]:
    def checked(text: str) -> Any:
        value = parse(text)
        if (lower is not None and value < lower) or (upper is not None and value > upper):
            raise ValueError(f"not between {lower} and {upper}")
        return value

    return parse if lower is None and upper is None else checked


def DEFINE_string(name: str, default: str | None, help: str | None = None, short_name: str | None = None) -> None:  # noqa: N802
    """Define a flag that is a text."""
    FLAGS.define(name, default, help, str, short_name=short_name)


def DEFINE_integer(  # noqa: N802
    name: str, default: int | None, help: str | None = None, lower_bound: int | None = None,
    upper_bound: int | None = None, short_name: str | None = None,
) -> None:  # fmt: skip
    """Define a flag that is an int."""
    FLAGS.define(name, default, help, _bounded(_integer, lower_bound, upper_bound), short_name=short_name)


def DEFINE_float(  # noqa: N802
    name: str, default: float | None, help: str | None = None, lower_bound: float | None = None,
    upper_bound: float | None = None, short_name: str | None = None,
) -> None:  # fmt: skip
    """Define a flag that is a float."""
    FLAGS.define(name, default, help, _bounded(float, lower_bound, upper_bound), short_name=short_name)


def DEFINE_boolean(name: str, default: bool | None, help: str | None = None, short_name: str | None = None) -> None:  # noqa: N802
    """Define a flag that is a bool: `--name`, `--noname`, `--name=false`."""
    FLAGS.define(name, default, help, _boolean, boolean=True, short_name=short_name)


DEFINE_bool = DEFINE_boolean


def DEFINE_list(name: str, default: Any, help: str | None = None, short_name: str | None = None) -> None:  # noqa: N802
    """Define a flag that is a list of texts, separated by commas."""
    FLAGS.define(name, default, help, _list, short_name=short_name)


def DEFINE_enum(  # noqa: N802
    name: str, default: str | None, enum_values: Sequence[str], help: str | None = None, short_name: str | None = None
) -> None:
    """Define a flag that is one of some texts."""

    def one_of(text: str) -> str:
        if text not in enum_values:
            raise ValueError(f"use one of {', '.join(enum_values)}")
        return text

    FLAGS.define(name, default, help, one_of, short_name=short_name)


def _multi(name: str, default: Any, help: str | None, parse: Callable[[str], Any], short_name: str | None) -> None:
    """A flag that may come several times, and is the list of its values."""
    alone = default if default is None or isinstance(default, (list, tuple)) else [default]
    FLAGS.define(name, None if alone is None else list(alone), help, parse, several=True, short_name=short_name)


def DEFINE_multi_string(name: str, default: Any, help: str | None = None, short_name: str | None = None) -> None:  # noqa: N802
    """Define a flag that may come several times: a list of texts."""
    _multi(name, default, help, str, short_name)


def DEFINE_multi_integer(name: str, default: Any, help: str | None = None, short_name: str | None = None) -> None:  # noqa: N802
    """Define a flag that may come several times: a list of ints."""
    _multi(name, default, help, _integer, short_name)


def DEFINE_multi_float(name: str, default: Any, help: str | None = None, short_name: str | None = None) -> None:  # noqa: N802
    """Define a flag that may come several times: a list of floats."""
    _multi(name, default, help, float, short_name)


def mark_flag_as_required(name: str) -> None:
    """`IllegalFlagValueError` when `gg.app.run` starts the program without this flag."""
    required.append(name)


required: list[str] = []


def check_required() -> None:
    """`IllegalFlagValueError` if a required flag has no value."""
    for name in required:
        if name in FLAGS and getattr(FLAGS, name) is None:
            raise IllegalFlagValueError(f"flag --{name} must have a value")


def fail(message: str) -> NoReturn:
    """End the program with what is wrong with its command line."""
    sys.stderr.write(f"FATAL Flags parsing error: {message}\nPass --help to see help on flags.\n")
    raise SystemExit(1)
