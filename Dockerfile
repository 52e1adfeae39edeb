# dcvd in a container: docker build --tag dcvd:latest . (docs/operations.md says how to run it).
# The base is Debian's; the program and its versions are those of this tree and of requirements.lock.
FROM debian:trixie-slim AS build

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /source
COPY pyproject.toml requirements.lock README.md LICENSE MANIFEST.in ./
COPY config config
COPY systemd systemd
COPY dcvd dcvd
# The environment has no pip: that of another one installs into it.
RUN python3 -m venv --without-pip /opt/dcvd \
    && python3 -m venv /pip \
    && /pip/bin/pip --python /opt/dcvd/bin/python install --no-cache-dir -c requirements.lock .
# The root file system may be read-only: what is written, the socket for operators too, is in the volume. A stop is over
# before the ten seconds of `docker stop` are.
RUN sed -i -e 's|^socket = .*|socket = "/var/lib/dcvd/dcvd.sock"|' -e 's|^listen = .*|listen = ["0.0.0.0:8080"]|' \
    -e 's|^shutdown_timeout = .*|shutdown_timeout = "7s"|' config/dcvd.toml


FROM debian:trixie-slim

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 990 dcvd \
    && useradd --system --uid 990 --gid dcvd --home-dir /var/lib/dcvd --shell /usr/sbin/nologin dcvd \
    && install -d -o dcvd -g dcvd -m 700 /var/lib/dcvd

COPY --from=build /opt/dcvd /opt/dcvd
COPY --from=build /source/config/dcvd.toml /etc/dcvd/dcvd.toml

ENV PATH=/opt/dcvd/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONFAULTHANDLER=1

USER 990:990
VOLUME /var/lib/dcvd
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=6s --start-period=2m CMD ["dcvd", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["dcvd"]
CMD ["serve"]
