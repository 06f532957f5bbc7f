"""The door for optional packages."""

import pytest

from graphgrad.ground.optional import optional


def test_what_is_there_is_imported() -> None:
    assert optional("json.decoder", "plot").JSONDecoder().decode("[1]") == [1]


def test_what_is_missing_says_how_to_install_it() -> None:
    with pytest.raises(ImportError, match=r"this needs no_such_package: pip install 'graphgrad\[plot\]'"):
        optional("no_such_package.part", "plot")
