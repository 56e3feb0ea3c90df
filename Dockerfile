# Session History for Veeam Agents, without the embedded PostgreSQL: DATABASE_URL is needed.
#   docker build --tag session-history:0.1.0 .
#   docker buildx build --platform linux/amd64,linux/arm64 --tag registry.example.com/session-history:0.1.0 --push .
# Needs BuildKit, which is the default since Docker 23. Everything is built on the machine's own platform: what comes out is JavaScript.

# A mirror, another patch version, or a digest: --build-arg NODE_IMAGE=node:22.23.3-bookworm-slim@sha256:...
ARG NODE_IMAGE=node:22.23.3-bookworm-slim

FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc prisma.config.ts ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json vite.config.ts ./
COPY prisma ./prisma
COPY src ./src
RUN npm run build
# So that `docker compose exec api session-history status` is found. A link made here spares the last stage any command,
# which would have to run on the platform that is built for.
RUN mkdir -p /links/usr/local/bin && ln -s /app/dist/bin/session-history.js /links/usr/local/bin/session-history

FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev --omit=optional --no-audit --no-fund
# Prisma brings a compiler for each database it knows, 54 MB of them for databases other than PostgreSQL.
RUN find node_modules/@prisma/client/runtime -name 'query_compiler_*' ! -name '*.postgresql.*' -delete

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="Session History for Veeam Agents" \
  org.opencontainers.image.description="Keeps every Veeam Agent backup session that Enterprise Manager ever listed, in PostgreSQL." \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.documentation="docs/containers.md"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /links/ /
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY prisma ./prisma
COPY package.json LICENSE ./
# A number, so that Kubernetes can see that it is not root. The base image's shell and npm are there, and nothing uses them.
USER 1000:1000
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
# Of `serve` and `api`, or of `worker` where WORKER_PORT is set; `simulate` needs one of its own, other commands end before anybody asks.
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=4 CMD ["node", "--eval", "const port = (/\\bworker\\b/.test(require('node:fs').readFileSync('/proc/1/cmdline', 'utf8')) && process.env.WORKER_PORT) || process.env.API_PORT || 8080; fetch(`http://127.0.0.1:${port}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["session-history"]
CMD ["serve"]
