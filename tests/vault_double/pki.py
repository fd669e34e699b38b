"""The PKI engine: roles are enforced as Vault's documentation says, certificates are real."""

import fnmatch
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.vault_double.engines import seconds
from tests.vault_double.state import Refused


@dataclass
class Raw:
    """An answer that is no JSON."""

    text: str


@dataclass
class Pki:
    """One authority, roles, and what was signed and revoked."""

    key: ec.EllipticCurvePrivateKey | None = None
    authority: x509.Certificate | None = None
    roles: dict[str, dict[str, Any]] = field(default_factory=dict)
    signed: dict[int, x509.Certificate] = field(default_factory=dict)
    revoked: dict[int, datetime] = field(default_factory=dict)

    def answer(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any] | Raw | None:
        """Answer what our adapter and our bootstrap ask for."""
        match method, path.split("/"):
            case "GET", ["ca", "pem"]:
                return Raw(_pem(self.authority) if self.authority else "")
            case "GET", ["crl", "pem"]:
                return Raw(self._revocations())
            case "POST", ["root", "generate", "internal"]:
                return self._generate(body)
            case "POST", ["roles", name]:
                self.roles[name] = body
                return None
            case (("POST" | "PUT"), ["sign", name]):
                return self._sign(name, body)
            case "POST", ["revoke"]:
                return self._revoke(body["serial_number"])
            case "POST", ["config", "crl" | "auto-tidy"]:
                return None
        raise Refused(404)

    def _generate(self, body: dict[str, Any]) -> dict[str, Any]:
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, body["common_name"])])
        permitted: list[x509.GeneralName] = [x509.DNSName(body["permitted_dns_domains"])]
        permitted.append(x509.UniformResourceIdentifier(body["permitted_uri_domains"]))
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        authority = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(seconds=30))
            .not_valid_after(now + timedelta(seconds=seconds(body["ttl"])))
            .add_extension(x509.BasicConstraints(ca=True, path_length=body["max_path_length"]), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.NameConstraints(permitted, None), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.key, self.authority = key, authority
        return {"data": {"certificate": _pem(authority)}}

    def _sign(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        if name not in self.roles:
            raise Refused(400, f"unknown role: {name}")
        role = self.roles[name]
        request = x509.load_pem_x509_csr(body["csr"].encode())
        public = request.public_key()
        if not isinstance(public, ec.EllipticCurvePublicKey) or public.key_size < role["key_bits"]:
            raise Refused(400, "role requires keys of type ec")
        if not body["common_name"] and role["require_cn"]:
            raise Refused(400, "the common_name field is required")
        certificate = self._certificate(role, public, _names(role, body), body)
        self.signed[certificate.serial_number] = certificate
        serial = _with_colons(certificate.serial_number)
        return {"data": {"certificate": _pem(certificate), "serial_number": serial, "issuing_ca": _pem(self.authority)}}

    def _certificate(
        self, role: dict[str, Any], public: ec.EllipticCurvePublicKey, names: list[x509.GeneralName], body: Any
    ) -> x509.Certificate:
        assert self.key is not None
        assert self.authority is not None
        now = datetime.now(UTC)
        life = min(seconds(body.get("ttl"), seconds(role["ttl"])), seconds(role["max_ttl"]))
        usage = x509.KeyUsage("DigitalSignature" in role["key_usage"], *[False] * 8)
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH] if role["server_flag"] else []
        purposes += [ExtendedKeyUsageOID.CLIENT_AUTH] if role["client_flag"] else []
        authority_key = self.authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.authority.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(seconds=seconds(role["not_before_duration"])))
            .not_valid_after(now + timedelta(seconds=life))
            # critical, as Go writes it where the subject is empty
            .add_extension(x509.SubjectAlternativeName(names), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority_key), critical=False
            )
            .sign(self.key, hashes.SHA256())
        )

    def _revoke(self, text: str) -> dict[str, Any]:
        serial = int(text.replace(":", ""), 16)
        if serial not in self.signed:
            raise Refused(400, f"certificate with serial {text} not found")
        self.revoked[serial] = datetime.now(UTC)
        return {"data": {"revocation_time": 0}}

    def _revocations(self) -> str:
        if self.key is None or self.authority is None:
            return ""
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.authority.subject)
        builder = builder.last_update(now - timedelta(seconds=30)).next_update(now + timedelta(hours=72))
        for serial, when in self.revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def _names(role: dict[str, Any], body: dict[str, Any]) -> list[x509.GeneralName]:
    hosts = [host for host in body.get("alt_names", "").split(",") if host]
    uris = [uri for uri in body.get("uri_sans", "").split(",") if uri]
    for host in hosts:
        if not role["allow_bare_domains"] or host not in role["allowed_domains"]:
            raise Refused(400, f"subject alternate name {host} not allowed by this role")
    for uri in uris:
        if not any(fnmatch.fnmatchcase(uri, allowed) for allowed in role["allowed_uri_sans"]):
            raise Refused(
                400, "URI Subject Alternative Names were provided via the API which are not valid for this role"
            )
    return [*map(x509.DNSName, hosts), *map(x509.UniformResourceIdentifier, uris)]


def _with_colons(serial: int) -> str:
    return serial.to_bytes((serial.bit_length() + 7) // 8).hex(":")


def _pem(certificate: x509.Certificate | None) -> str:
    assert certificate is not None
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
