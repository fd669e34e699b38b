import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.identity import Identity, InvalidIdentity, Kind, host_name

VERSION = "0123456789abcdef" * 4
USERS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=255)


def test_a_service_has_a_name_and_nothing_else():
    gateway = Identity.service("gateway")
    assert (gateway.kind, gateway.name, gateway.user, gateway.nonce) == (Kind.SERVICE, "gateway", "", "")
    assert str(gateway) == "service/gateway"
    assert gateway.uri == "spiffe://caseloop.internal/service/gateway"


def test_an_environment_names_its_learner_case_version_and_start():
    env = Identity.env("lena", "clean-regression", VERSION, "n-1_A")
    assert (env.kind, env.user, env.case, env.version, env.nonce) == (
        "env",
        "lena",
        "clean-regression",
        VERSION,
        "n-1_A",
    )
    assert not env.is_service
    assert env.name == ""


def test_a_user_name_is_percent_encoded():
    assert str(Identity.env("a/b ö@x", "c", VERSION, "n")) == f"env/a%2Fb%20%C3%B6%40x/c/{VERSION}/n"


@given(USERS)
def test_every_user_name_survives_the_way_through_a_certificate(user):
    identity = Identity.env(user, "c", VERSION, "n")
    assert Identity.from_uri(identity.uri) == identity
    assert Identity.parse(str(identity)) == identity
    assert identity.uri.isascii()


@given(USERS, USERS)
def test_two_user_names_never_share_a_uri(one, other):
    first, second = Identity.env(one, "c", VERSION, "n"), Identity.env(other, "c", VERSION, "n")
    assert (first.uri == second.uri) == (one == other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "service",
        "service/",
        "service/Gateway",
        "service/gateway/",
        "service/gateway/../hub",
        "service/gate way",
        "service/gateway\n",
        "services/gateway",
        "env/lena",
        f"env/lena/c/{VERSION}",
        f"env//c/{VERSION}/n",
        f"env/lena/C/{VERSION}/n",
        f"env/lena/c/{VERSION[1:]}/n",
        f"env/lena/c/{VERSION.upper()}/n",
        f"env/lena/c/{VERSION}/",
        f"env/lena/c/{VERSION}/n/x",
        f"env/lena/c/{VERSION}/n%20",
        f"env/l%65na/c/{VERSION}/n",
        f"env/a%2fb/c/{VERSION}/n",
        f"env/%FF/c/{VERSION}/n",
        f"env/a%0Ab/c/{VERSION}/n",
        f"env/{'x' * 256}/c/{VERSION}/n",
    ],
)
def test_anything_but_the_one_spelling_is_refused(text):
    with pytest.raises(InvalidIdentity):
        Identity.parse(text)


@pytest.mark.parametrize(
    "uri",
    [
        "https://caseloop.internal/service/gateway",
        "spiffe://elsewhere.example/service/gateway",
        "spiffe://caseloop.internal.example.org/service/gateway",
        "spiffe://caseloop.internal:443/service/gateway",
        "SPIFFE://caseloop.internal/service/gateway",
        "spiffe://caseloop.internal/service/gateway?x=1",
        "spiffe://caseloop.internal/service/gateway#x",
    ],
)
def test_a_uri_of_another_kind_or_domain_is_refused(uri):
    with pytest.raises(InvalidIdentity):
        Identity.from_uri(uri)


def test_a_certificate_states_its_identity_in_exactly_one_uri():
    one, other = Identity.service("gateway").uri, Identity.service("proxy").uri
    dns = ("DNS", "gateway.caseloop.internal")
    assert Identity.from_peercert({"subjectAltName": (dns, ("URI", one))}) == Identity.service("gateway")
    for names in ((), (dns,), (("URI", one), ("URI", other)), (("URI", one), ("URI", one)), (("DNS", one),)):
        with pytest.raises(InvalidIdentity, match="URIs where exactly one"):
            Identity.from_peercert({"subjectAltName": names})
    for nothing in (None, {}):
        with pytest.raises(InvalidIdentity):
            Identity.from_peercert(nothing)


def test_a_host_name_is_made_of_a_service_s_name_only():
    assert host_name("gateway") == "gateway.caseloop.internal"
    with pytest.raises(InvalidIdentity):
        host_name("evil.example.org/")
