# An image of the program, the certificates of public CAs, and the licences of what it is linked with:
#
#     docker build -t vigil .
#     docker run -d --name vigil -p 8080:8080 -v "$PWD/vigil.cfg:/etc/vigil/vigil.cfg:ro" vigil
#
# The configuration needs `inet = "0.0.0.0:8080"`, and the user 65532 must be able to read it.

FROM rust:1.95-bookworm AS build
WORKDIR /vigil
COPY . .
RUN program=$(scripts/build-release "$(uname -m)-unknown-linux-musl") \
 && install -D "$program" /image/usr/bin/vigil \
 && install -D -m 644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
 && install -d /image/usr/share/doc/vigil \
 && scripts/third-party "$(uname -m)-unknown-linux-musl" >/image/usr/share/doc/vigil/third-party \
 && gzip -9n /image/usr/share/doc/vigil/third-party \
 && install -d -m 750 -o 65532 -g 65532 /image/var/lib/vigil

FROM scratch
COPY --from=build /image /
USER 65532:65532
WORKDIR /var/lib/vigil
VOLUME /var/lib/vigil
EXPOSE 8080
ENTRYPOINT ["/usr/bin/vigil", "-c", "/etc/vigil/vigil.cfg"]
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/usr/bin/vigil", "-c", "/etc/vigil/vigil.cfg", "health"]
