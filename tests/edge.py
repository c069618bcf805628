"""nginx as `deploy/nginx.conf` has it, in front of a site of the tests. Only ports, paths, the certificate and the user
differ; a line that should be replaced and is not there is an error.
"""

from __future__ import annotations

import getpass
import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.newsroom.waiting import eventually
from tests.servers import HOST, PROJECT, START_LIMIT, Answer, Server, free_port

CONFIGURATION = PROJECT / "deploy" / "nginx.conf"
PROGRAM = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
needs_nginx = pytest.mark.skipif(PROGRAM is None, reason="nginx is not installed: apt-get install nginx")
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(slots=True)
class Edge(Server):
    """nginx; `port` is the one with TLS."""

    plain_port: int = 0
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def get(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        body: str = "",
        cookies: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request over TLS, on a connection of its own. Headers that came several times are joined by commas."""
        sent = {"Host": HOST, **(headers or {})}
        if cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        client = http.client.HTTPConnection(HOST, self.port, timeout=20)
        client.sock = self.connected()
        try:
            client.request(method, path, body=body or None, headers=sent)
            answer = client.getresponse()
            return Answer(answer.status, joined(answer.getheaders()), answer.read())
        finally:
            client.close()

    def connected(self, name: str = HOST) -> ssl.SSLSocket:
        """A TLS connection that asks for the host of this name."""
        return self.trust.wrap_socket(
            socket.create_connection(("127.0.0.1", self.port), timeout=20), server_hostname=name
        )

    def accepts(self) -> bool:
        try:
            self.connected().close()
        except OSError:
            return False
        return True


def joined(headers: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


@contextmanager
def nginx(site: Server, folder: Path) -> Iterator[Edge]:
    """nginx in front of `site`, as long as the block lasts. `folder` is the site's, with `static` and `media` in it."""
    assert PROGRAM is not None
    home = folder / "nginx"
    home.mkdir(parents=True)
    port, plain_port = free_port(), free_port()
    certificate = make_certificate(home)
    configuration = home / "nginx.conf"
    configuration.write_text(adapted(CONFIGURATION.read_text(), folder, home, (port, plain_port, site.port)))
    log = home / "output.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [PROGRAM, "-c", str(configuration), "-p", str(home), "-e", str(home / "error.log"), "-g", "daemon off;"],
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    trust = ssl.create_default_context(cafile=str(certificate))
    edge = Edge(port, process, log, {}, plain_port, trust)
    try:
        is_up = eventually(lambda: edge.accepts() or process.poll() is not None, within=START_LIMIT)
        if not is_up or process.poll() is not None:
            raise AssertionError(f"nginx did not start:\n{log.read_text(errors='replace')[-4000:]}")
        yield edge
    finally:
        edge.stop()


def adapted(text: str, folder: Path, home: Path, ports: tuple[int, int, int]) -> str:
    """The configuration for this run; `ports` are those for TLS, for plain http, and of the site."""
    tls, plain, site = ports
    replacements = [
        (r"user www-data;", f"user {getpass.getuser()};"),
        (r"worker_rlimit_nofile 65536;", ""),
        (r"pid /run/", f"pid {home}/"),
        (r"/var/log/nginx/", f"{home}/"),
        (r"/var/cache/nginx/", f"{home}/"),
        (r"listen \[::\]:[^;]+;", ""),
        (r"listen 443 ", f"listen 127.0.0.1:{tls} "),
        (r"listen 80\b", f"listen 127.0.0.1:{plain}"),
        (r"/etc/letsencrypt/live/news\.example\.org/", f"{home}/"),
        (r"/srv/newsroom/site/deploy;", f"{PROJECT}/deploy;"),
        (r"/srv/newsroom;", f"{folder};"),
        (r"server 127\.0\.0\.1:8000;", f"server 127.0.0.1:{site};"),
        # What Debian's nginx would write to by itself belongs to root.
        (r"\nhttp \{", "\nhttp {" + "".join(f"{name}_temp_path {home}/{name};" for name in TEMPORARY)),
    ]
    for pattern, replacement in replacements:
        text, count = re.subn(pattern, replacement, text)
        assert count, f"deploy/nginx.conf has no {pattern}"
    return text


def make_certificate(home: Path) -> Path:
    """A certificate for the tests' host that signs itself, beside its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (home / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    path = home / "fullchain.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return path
