# Caddy, without the file capability that its public image gives it: where a container may have none, as in
# docker-compose.yml, the kernel refuses to start such a program. The ports below 1024 are opened by a sysctl there.
# Built by infra/images/build.py.
ARG CADDY=caddy:2.10.2-alpine

FROM ${CADDY} AS build
# a copy of the content: `cp` leaves attributes behind
RUN cp /usr/bin/caddy /caddy && chmod 0755 /caddy

FROM ${CADDY}
COPY --from=build /caddy /usr/bin/caddy
USER 10004:10004
