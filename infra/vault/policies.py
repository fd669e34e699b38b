"""What each service may do in Vault, from the written graph in `vault/trust.py`."""

from collections.abc import Mapping
from typing import Any, Final

from vault.adapters.hashicorp import Mounts
from vault.adapters.vault_pki import REVOCATIONS
from vault.identity import TRUST_DOMAIN, host_name
from vault.trust import ENV, READS, SERVICES, SIGNED_FOR

OPERATOR: Final = "operator"
"""Who runs Caseloop: every secret, every revocation, and no certificate."""
ROLES: Final = (*SERVICES, OPERATOR)
"""Whoever signs in at Vault."""

Policy = Mapping[str, Mapping[str, Mapping[str, list[str]]]]


def policy(role: str, mounts: Mounts) -> Policy:
    """The policy of a service or of the operator, in the JSON form of Vault's policy language."""
    allowed = _revocations(mounts, writes=ENV in SIGNED_FOR.get(role, ()) or role == OPERATOR)
    if role == OPERATOR:
        allowed |= {
            f"{mounts.kv}/data/secrets/*": ["create", "read", "update"],
            f"{mounts.kv}/metadata/secrets/*": ["delete", "list", "read"],
            f"{mounts.kv}/metadata/secrets": ["list"],
            f"{mounts.pki}/revoke": ["update"],
        }
    else:
        allowed |= {f"{mounts.pki}/sign/{name}": ["update"] for name in SIGNED_FOR[role]}
        allowed |= {f"{mounts.kv}/data/secrets/{name}": ["read"] for name, readers in READS.items() if role in readers}
    return {"path": {path: {"capabilities": allowed[path]} for path in sorted(allowed)}}


def pki_role(name: str, *, longest: str, dated_back: str) -> Mapping[str, Any]:
    """The PKI role of a service, or of environments: one name, one purpose, keys that never travel."""
    common = {
        "key_type": "ec",
        "key_bits": 256,
        "require_cn": False,
        "use_csr_common_name": False,
        "use_csr_sans": False,
        "allow_any_name": False,
        "allow_localhost": False,
        "allow_ip_sans": False,
        "allow_subdomains": False,
        "allow_glob_domains": False,
        "allow_wildcard_certificates": False,
        "key_usage": ["DigitalSignature"],
        "basic_constraints_valid_for_non_ca": True,
        "client_flag": True,
        "ttl": "1h",
        "max_ttl": longest,
        "not_before_duration": dated_back,
        # kept, so that a serial can be revoked; tidied away when it has expired
        "no_store": False,
    }
    identities = "env/*" if name == ENV else f"service/{name}"
    return {
        **common,
        "allowed_uri_sans": [f"spiffe://{TRUST_DOMAIN}/{identities}"],
        # The environment's key lies where a learner can read it: it must be of no use for posing as a service.
        "server_flag": name != ENV,
        "allowed_domains": [] if name == ENV else [host_name(name)],
        "allow_bare_domains": name != ENV,
    }


def _revocations(mounts: Mounts, *, writes: bool) -> dict[str, list[str]]:
    document = f"{mounts.kv}/data/{REVOCATIONS}"
    return {
        document: ["create", "read", "update"] if writes else ["read"],
        f"{mounts.kv}/metadata/{REVOCATIONS}": ["read"],
    }
