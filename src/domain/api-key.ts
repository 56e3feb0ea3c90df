export const keyScopes = ['read', 'operate'] as const;
export type KeyScope = (typeof keyScopes)[number];

/** A key as it may be shown: without the key. */
export type ApiKey = {
  readonly id: string;
  readonly name: string;
  readonly scope: KeyScope;
  /** What it may see; empty: all. */
  readonly sources: readonly string[];
  readonly customers: readonly string[];
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  /** Null: never. */
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
};
