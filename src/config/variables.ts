/** A variable of the environment, as the README's table shows it. */
export type Variable = {
  readonly name: string;
  /** Completes "It is ...". */
  readonly meaning: string;
  readonly example: string;
  /** Empty: none, it has to be given where it is needed. */
  readonly default: string;
};

/** Every variable there is; each can also be given as NAME_FILE, a file that holds the value. Names are a contract. */
export const variables = [
  {
    name: 'DATABASE_URL',
    meaning: 'the PostgreSQL to keep the history in, 13 or newer',
    example: 'postgres://user:password@db.example.com/history',
    default: 'an embedded PostgreSQL under DATA_DIR',
  },
  {
    name: 'API_DATABASE_URL',
    meaning: 'the login with which the API reads the same database; a member of the role session_history_api',
    example: 'postgres://api:password@db.example.com/history',
    default: 'DATABASE_URL',
  },
  {
    name: 'DATA_DIR',
    meaning: 'the folder in which the embedded PostgreSQL keeps its data',
    example: '/var/lib/session-history',
    default: './.data',
  },
  {
    name: 'REDIS_URL',
    meaning: 'the Redis or Valkey for the queue',
    example: 'redis://localhost:6379',
    default: "BullMQ's PostgreSQL backend in the same database",
  },
  {
    name: 'REDIS_CA_FILE',
    meaning: 'the PEM file of a certificate authority to trust for rediss://',
    example: '/etc/ssl/redis-ca.pem',
    default: "Node's own",
  },
  {
    name: 'EM_URL',
    meaning: 'the address of Enterprise Manager',
    example: 'https://em.example.com:9398',
    default: '',
  },
  {
    name: 'EM_USERNAME',
    meaning: 'the account to read with; the role Portal User is enough',
    example: 'reader@example.com',
    default: '',
  },
  { name: 'EM_PASSWORD', meaning: 'the password of that account', example: 'secret', default: '' },
  {
    name: 'EM_NAME',
    meaning: 'the name of this Enterprise Manager in the history',
    example: 'headquarters',
    default: 'host name of EM_URL',
  },
  {
    name: 'EM_CA_FILE',
    meaning: 'the PEM file of a certificate authority to trust',
    example: '/etc/ssl/em-ca.pem',
    default: "the system's",
  },
  {
    name: 'EM_CERT_SHA256',
    meaning: 'the SHA-256 fingerprint of the only certificate to accept',
    example:
      'F0:5F:91:31:E2:CB:83:B2:57:98:D0:DF:A7:16:22:DB:81:94:18:C6:94:32:A5:B2:37:C2:D0:B3:9C:E1:D2:8D',
    default: '',
  },
  {
    name: 'EM_TLS_INSECURE',
    meaning: 'the last resort: true accepts any certificate',
    example: 'true',
    default: 'false',
  },
  {
    name: 'EM_ALLOW_HTTP',
    meaning: 'the permission to send credentials unencrypted to a host other than this one',
    example: 'true',
    default: 'false',
  },
  {
    name: 'SOURCES_FILE',
    meaning: 'the JSON file with many Enterprise Managers',
    example: '/etc/session-history/sources.json',
    default: '',
  },
  {
    name: 'SYNC_INTERVAL_MINUTES',
    meaning: 'the time between two polls of a source; may be a fraction, from 0.05',
    example: '15',
    default: '15',
  },
  {
    name: 'SYNC_FULL_EVERY_MINUTES',
    meaning: 'the most minutes between two whole lists, 0 for none; auto is 60, and 0 below 5,000 sessions',
    example: '60',
    default: 'auto',
  },
  {
    name: 'SYNC_LIST',
    meaning: 'the list form to ask for: auto, entity or reference',
    example: 'auto',
    default: 'auto',
  },
  {
    name: 'SYNC_TASKS',
    meaning: 'the choice of task sessions to read: all, failed or none',
    example: 'all',
    default: 'all',
  },
  {
    name: 'EM_CONCURRENCY',
    meaning: 'the number of requests at once per source',
    example: '4',
    default: '4',
  },
  {
    name: 'EM_BATCH',
    meaning:
      'auto to look up many sessions with one request where Enterprise Manager answers that truthfully, or off',
    example: 'auto',
    default: 'auto',
  },
  {
    name: 'WORKER_CONCURRENCY',
    meaning: 'the number of sources a process polls at once',
    example: '16',
    default: '16',
  },
  {
    name: 'WORKER_PORT',
    meaning: 'the port on which `worker` shows its health and metrics, at API_HOST',
    example: '9090',
    default: 'none is opened',
  },
  {
    name: 'TRACING',
    meaning: "true to hand the queue's spans to the OpenTelemetry SDK that the process was started with",
    example: 'true',
    default: 'false',
  },
  {
    name: 'API_HOST',
    meaning: 'the address that API and dashboard listen on',
    example: '0.0.0.0',
    default: '127.0.0.1',
  },
  {
    name: 'API_PORT',
    meaning: 'the port that API and dashboard listen on',
    example: '8080',
    default: '8080',
  },
  {
    name: 'API_FIRST_KEY',
    meaning:
      'true to make a key of scope read, and log it once, when others can reach the API and there is none',
    example: 'true',
    default: 'false',
  },
  {
    name: 'API_RATE_LIMIT',
    meaning: 'the number of requests a minute that a key may make',
    example: '6000',
    default: '100000',
  },
  {
    name: 'API_CORS_ORIGINS',
    meaning: 'the origins of web pages that may ask the API, with commas between them',
    example: 'https://portal.example.com',
    default: '',
  },
  {
    name: 'METRICS_COMPUTERS',
    meaning: 'true to show gauges for each computer in /metrics',
    example: 'true',
    default: 'false',
  },
  {
    name: 'METRICS_TOKEN',
    meaning: 'the bearer token that `/metrics` then asks for, 16 characters or more',
    example: 'a-long-random-text',
    default: 'none is needed',
  },
  {
    name: 'LOG_LEVEL',
    meaning: 'the lowest level to log: trace, debug, info, warn, error, fatal or silent',
    example: 'info',
    default: 'info',
  },
] as const satisfies readonly Variable[];

export type VariableName = (typeof variables)[number]['name'];

/** Names people write instead, and what they mean. */
export const mistakenNames: Readonly<Record<string, VariableName>> = {
  EM_USER: 'EM_USERNAME',
  EM_USER_NAME: 'EM_USERNAME',
  EM_LOGIN: 'EM_USERNAME',
  EM_PASS: 'EM_PASSWORD',
  EM_PWD: 'EM_PASSWORD',
  EM_HOST: 'EM_URL',
  EM_SERVER: 'EM_URL',
  EM_CA: 'EM_CA_FILE',
  EM_FINGERPRINT: 'EM_CERT_SHA256',
  EM_INSECURE: 'EM_TLS_INSECURE',
  DATABASE_URI: 'DATABASE_URL',
  DB_URL: 'DATABASE_URL',
  PG_URL: 'DATABASE_URL',
  POSTGRES_URL: 'DATABASE_URL',
  REDIS_URI: 'REDIS_URL',
  EM_SOURCES: 'SOURCES_FILE',
  SYNC_INTERVAL: 'SYNC_INTERVAL_MINUTES',
  API_LISTEN: 'API_HOST',
  PORT: 'API_PORT',
};
