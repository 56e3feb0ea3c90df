# Session History for Veeam Agents, without the embedded PostgreSQL: DATABASE_URL is needed.
ARG NODE_VERSION=22

FROM node:${NODE_VERSION}-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc prisma.config.ts ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json vite.config.ts ./
COPY prisma ./prisma
COPY src ./src
RUN npm run build

FROM node:${NODE_VERSION}-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev --omit=optional --no-audit --no-fund

FROM node:${NODE_VERSION}-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY prisma ./prisma
COPY package.json ./
# No shell, no npm, no rights: a number, so that Kubernetes can see that it is not root.
USER 1000:1000
EXPOSE 8080 9090
ENTRYPOINT ["node", "dist/bin/session-history.js"]
CMD ["serve"]
