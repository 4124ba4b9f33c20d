"""A SIRI document as a tree, and the tree as XML or as JSON (SIRI Lite).

A tree's names are those of elements, in the schema's order; those that begin in lower case are attributes. A
list is an element that may occur several times, in JSON always an array. None leaves an element out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TypeAlias
from xml.etree import ElementTree

from services.web.handlers import ENCODE

Tree: TypeAlias = "Mapping[str, Node]"
Node: TypeAlias = "str | int | float | bool | Tree | Sequence[Tree] | Sequence[str] | None"

NAMESPACE = "http://www.siri.org.uk/siri"
VERSION = "2.0"
XML, JSON = "application/xml", "application/json"


def document(tree: Tree, media_type: str) -> bytes:
    """Write a `Siri` document with the content `tree`."""
    return json_bytes(tree) if media_type == JSON else xml_bytes(tree)


def json_bytes(tree: Tree) -> bytes:
    """Write the document as JSON."""
    return ENCODE({"Siri": {"version": VERSION, **_without_none(tree)}}).encode("utf-8", "replace")


def _without_none(tree: Tree) -> dict[str, object]:
    return {name: _plain(node) for name, node in tree.items() if node is not None}


def _plain(node: Node) -> object:
    if isinstance(node, Mapping):
        return _without_none(node)
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [_plain(each) for each in node]
    return node


def xml_bytes(tree: Tree) -> bytes:
    """Write the document as XML."""
    root = ElementTree.Element("Siri", {"xmlns": NAMESPACE, "version": VERSION})
    _fill(root, tree)
    found: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return found


def _fill(parent: ElementTree.Element, tree: Tree) -> None:
    for name, node in tree.items():
        if name[0].islower():
            parent.set(name, _text(node))
        elif isinstance(node, Sequence) and not isinstance(node, str):
            for each in node:
                _add(parent, name, each)
        elif node is not None:
            _add(parent, name, node)


def _add(parent: ElementTree.Element, name: str, node: Node) -> None:
    element = ElementTree.SubElement(parent, name)
    if isinstance(node, Mapping):
        _fill(element, node)
    else:
        element.text = _text(node)


def _text(node: Node) -> str:
    if isinstance(node, bool):
        return "true" if node else "false"
    return str(node)


def duration(span: timedelta) -> str:
    """A span as an XML duration in whole seconds: PT90S, or -PT30S."""
    seconds = round(span.total_seconds())
    return f"{'-' if seconds < 0 else ''}PT{abs(seconds)}S"
