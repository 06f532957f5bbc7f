"""Packages imported when they are used."""

import subprocess
import sys

import networkx

from graphgrad.ground import late
from graphgrad.ground.late import Late

UNTIL_USED = """
import sys
from graphgrad.ground.late import Late
wave = Late("wave")
assert "wave" not in sys.modules, "imported at once"
assert wave.WAVE_FORMAT_PCM == 1 and "wave" in sys.modules
"""


def test_a_package_is_imported_when_it_is_used():
    subprocess.run([sys.executable, "-c", UNTIL_USED], check=True)


def test_it_is_the_package_itself():
    assert late.networkx.MultiDiGraph is networkx.MultiDiGraph
    assert late.networkx.MultiDiGraph is networkx.MultiDiGraph  # also when looked up again


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(Late("networkx"), "no_such_name")


def test_what_it_says_of_itself():
    assert repr(Late("networkx")) == "<networkx, imported when used>"
