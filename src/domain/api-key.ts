export const keyScopes = ['read', 'operate'] as const;
export type KeyScope = (typeof keyScopes)[number];

/** A key as it may be shown: without the key. */
export type ApiKey = {
  readonly id: string;
  readonly name: string;
  readonly scope: KeyScope;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  /** Null: never. */
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
};
