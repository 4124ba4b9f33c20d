"""EMT's API at the root of its own port, and options for it that can't be used."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from services.errors import InputError
from services.feeds.emt.own_port import EmtPort, emt_port, tls_context
from services.web.uvicorn.server import listen
from tests.services.feeds.emt.emt_served import USER, body, write_certificate
from tests.services.moved_city import SETTINGS
from tests.services.rest_served import listening, parts


def test_emts_calls_are_at_the_root_and_nothing_else(tmp_path: Path) -> None:
    with closing(listen("127.0.0.1", 0)) as listener, listening(parts(tmp_path)[0], EmtPort(listener, None)):
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        login = body(httpx.get(f"{url}/v1/mobilitylabs/user/login/", headers=USER))
        token = {"accessToken": login["data"][0]["accessToken"]}
        answer = httpx.post(f"{url}/v2/transport/busemtmad/stops/2/arrives/", headers=token, json={})
        assert len(body(answer)["data"][0]["Arrive"]) == 3
        for path in ("/", "/people-count/S001", "/emt/v1/mobilitylabs/user/login/"):
            assert httpx.get(url + path, headers=USER).status_code == 404


def test_the_port_is_free_again_after_the_server(tmp_path: Path) -> None:
    context = parts(tmp_path)[0]
    with closing(listen("127.0.0.1", 0)) as listener:
        for _ in range(2):
            with listening(context, EmtPort(listener, None)):
                port = listener.getsockname()[1]
                assert httpx.get(f"http://127.0.0.1:{port}/v1/x").status_code == 404


def test_without_the_option_there_is_no_port() -> None:
    with emt_port(SETTINGS) as found:
        assert found is None


def test_the_port_in_use_is_named_with_its_option() -> None:
    with closing(listen("127.0.0.1", 0)) as other:
        settings = replace(SETTINGS, emt_port=other.getsockname()[1])
        with pytest.raises(OSError, match="choose another --emt-port"), emt_port(settings):
            pass


def test_a_certificate_needs_the_port_and_a_key_the_certificate(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    with (
        pytest.raises(InputError, match="need --emt-port"),
        emt_port(replace(SETTINGS, emt_cert=certificate)),
    ):
        pass
    with pytest.raises(InputError, match="--emt-key needs --emt-cert"):
        tls_context(None, key)


def test_one_file_may_hold_certificate_and_key(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    both = tmp_path / "both.pem"
    both.write_text(certificate.read_text() + key.read_text())
    assert tls_context(both, None) is not None


def test_files_that_are_no_certificate_and_key_are_named(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    _, sealed = write_certificate(tmp_path / "sealed", password=b"secret")
    for files, message in (
        ((tmp_path / "none.pem", None), "--emt-cert: there is no file .*none.pem"),
        ((certificate, tmp_path / "none.pem"), "--emt-key: there is no file .*none.pem"),
        ((certificate, None), "cert.pem: not a certificate and its key"),
        ((key, certificate), "not a certificate and its key"),
        ((certificate, sealed), "without a password"),
    ):
        with pytest.raises(InputError, match=message):
            tls_context(*files)
