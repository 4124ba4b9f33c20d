"""Checks of every chart: names stay text, and nothing is loaded from elsewhere."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

HOSTILE = "<script>alert(\"1\")</script> & 'Ñuñoa' ]]> \x00\x0b\ud800"
SVG = "{http://www.w3.org/2000/svg}"
ELEMENTS = {"svg", "title", "desc", "style", "rect", "path", "g", "text"}


def assert_names_stay_text(svg: str) -> None:
    """Check that a chart with `HOSTILE` as title has it as text, and no other elements than charts have."""
    assert "<script" not in svg
    root = ET.fromstring(svg.encode())
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= ELEMENTS
    assert "<script>alert(\"1\")</script> & 'Ñuñoa' ]]>" in (root.findtext(f"{SVG}title") or "")


def assert_self_contained(svg: str) -> None:
    """Check that a chart refers to nothing outside itself."""
    assert re.findall(r"https?://[^\"]+", svg) == ["http://www.w3.org/2000/svg"]
    assert "href" not in svg
