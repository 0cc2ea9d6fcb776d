"""Static files: those of others are unchanged, browsers may keep all, and there is not too much of them."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from api.web import assets
from tests.api.http.world import World
from tests.web.visitor import Visitor

STATIC = Path(assets.__file__).parent / "static"
VENDOR = STATIC / "vendor"
SCRIPT_KB = 300
"""Script of a page at most, before charts."""


def vendored() -> dict[str, str]:
    """Digest by file, as VENDOR.md tells it."""
    text = (VENDOR / "VENDOR.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| `([^`]+)` \| [^|]+ \| `([0-9a-f]{64})` \|$", text, re.MULTILINE))


def test_files_of_others_are_unchanged_and_listed() -> None:
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name not in ("VENDOR.md", ".gitattributes")
    }
    assert found == vendored()
    assert len(found) >= 10


def test_each_package_names_its_version_and_brings_its_licence() -> None:
    for folder in (path for path in VENDOR.iterdir() if path.is_dir()):
        assert re.fullmatch(r"[a-z.-]+@\d+\.\d+\.\d+", folder.name)
        assert any(path.name.upper().startswith("LICENSE") for path in folder.iterdir()), folder.name


def test_charts_are_drawn_by_the_version_they_are_written_for() -> None:
    import altair

    assert f"vega-lite@{altair.SCHEMA_VERSION.removeprefix('v')}/LICENSE" in vendored()


def test_scripts_refer_to_files_that_are_there() -> None:
    text = (STATIC / "workbench.js").read_text(encoding="utf-8")
    named = re.findall(r'"([a-z-]+@[\d.]+/[^"]+\.js)"', text)
    assert len(named) == 3
    assert all((VENDOR / name).is_file() for name in named)


def test_nothing_is_fetched_from_elsewhere() -> None:
    own = [
        path for path in STATIC.rglob("*") if path.suffix in (".css", ".js") and VENDOR not in path.parents
    ]
    templates = list((STATIC.parent / "templates").rglob("*.html"))
    assert len(own) >= 3
    assert len(templates) >= 4
    for path in own + templates:
        for address in re.findall(
            r"""(?:src|href|url|import|fetch)\s*[=(]\s*["'`]?(https?:)?//""", path.read_text()
        ):
            raise AssertionError((path, address))


def test_browsers_keep_files_for_good_by_their_content(world: World) -> None:
    client = world.client()
    address = assets.asset("workbench.css")
    assert address == f"/static/{assets.digest()}/workbench.css"
    answer = client.get(address)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.content == assets.files()["workbench.css"]
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == answer.content
    # The page of another version, while versions change: what is here, and not for good.
    other = client.get(f"/static/{'0' * 16}/workbench.css")
    assert (other.status_code, other.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize(
    "path",
    ["nothing.js", "../__init__.py", "%2e%2e/__init__.py", "vendor/.gitattributes", "", "workbench.css/"],
)
def test_only_static_files_are_served(world: World, path: str) -> None:
    assert world.client().get(f"/static/{assets.digest()}/{path}").status_code == 404
    with pytest.raises(KeyError):
        assets.asset(path)


def test_the_digest_is_of_names_and_contents(monkeypatch: pytest.MonkeyPatch) -> None:
    def of(files: dict[str, bytes]) -> str:
        monkeypatch.setattr(assets, "files", lambda: files)
        return assets.digest.__wrapped__()

    found = {
        of(files) for files in ({"a": b"b"}, {"a": b"c"}, {"b": b"b"}, {"a": b"b", "c": b""}, {"ab": b""})
    }
    assert len(found) == 5


def test_no_page_has_too_much_script_before_charts(visitor: Visitor) -> None:
    total = 0
    for address in re.findall(r'<script src="([^"]+)"', visitor.get("/").text):
        answer = visitor.client.get(address)
        assert answer.status_code == 200
        total += len(answer.content)
        assert len(gzip.compress(answer.content)) < len(answer.content)
    # Two libraries and our own; tests/web/test_journey.py counts each page's in the browser.
    assert 0 < total < 1000 * SCRIPT_KB
