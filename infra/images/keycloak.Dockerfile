# Keycloak, built for PostgreSQL: `kc.sh build` writes into /opt/keycloak/lib/quarkus, where it starts from, and a
# container with a read-only root can do neither later. Start it with `--optimized`.
# Built by infra/images/build.py.
ARG KEYCLOAK=quay.io/keycloak/keycloak:26.0.8

FROM ${KEYCLOAK} AS build
ENV KC_DB=postgres KC_HEALTH_ENABLED=true KC_CACHE=local
RUN /opt/keycloak/bin/kc.sh build

FROM ${KEYCLOAK}
COPY --from=build --chown=1000:0 /opt/keycloak /opt/keycloak
# What is said at the start must be what was built. One node: nothing listens for others.
ENV KC_DB=postgres KC_HEALTH_ENABLED=true KC_CACHE=local
USER 1000:0
CMD ["start", "--optimized"]
