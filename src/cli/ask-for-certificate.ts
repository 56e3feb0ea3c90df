import type { DotEnvLine } from '../config/compose-dot-env.ts';
import { ConfigError } from '../config/config.ts';
import { findFault } from '../config/find-fault.ts';
import { readCertificates } from '../config/read-text.ts';
import { SyncError } from '../domain/sync-error.ts';
import type { App, ShownCertificate } from './app.ts';
import type { Dialogue } from './open-dialogue.ts';

type Known = {
  readonly caFile: string | undefined;
  readonly certSha256: string | undefined;
  readonly pin: boolean;
};

const bare = (fingerprint: string) => fingerprint.replaceAll(/[:\s]/g, '').toLowerCase();

/**
 * What to trust at an address, as lines of `.env`: nothing where this machine trusts the certificate, else its fingerprint once
 * somebody said yes to it, or the file of an authority.
 */
export async function askForCertificate(
  app: App,
  dialogue: Dialogue,
  url: string,
  known: Known,
): Promise<readonly DotEnvLine[]> {
  if (new URL(url).protocol !== 'https:') return [];
  if (known.caFile !== undefined) return [readAuthority(app, known.caFile)];
  if (known.certSha256 !== undefined) {
    const fault = findFault('EM_CERT_SHA256', known.certSha256);
    if (fault !== undefined) throw new ConfigError(fault);
  }
  const shown = await look(app, url);
  if (known.certSha256 !== undefined) {
    if (bare(known.certSha256) !== bare(shown.sha256))
      throw new ConfigError(
        `${url} shows another certificate than the one to pin. It shows ${shown.sha256}, of "${shown.subject}".`,
      );
    return [{ name: 'EM_CERT_SHA256', value: shown.sha256 }];
  }
  if (shown.isTrusted) {
    dialogue.say(`Its certificate, of "${shown.subject}", is one this machine trusts.`);
    return [];
  }
  dialogue.say(describe(shown));
  const otherwise =
    'Give --cert-sha256 with the fingerprint, --ca-file, or --pin to take the one that is shown.';
  const isRight =
    known.pin ||
    (await dialogue.confirm('Is it the right one? Then no other is accepted from now on.', { otherwise }));
  if (isRight) return [{ name: 'EM_CERT_SHA256', value: shown.sha256 }];
  const file = (
    await dialogue.ask('PEM file of the authority that vouches for it (Enter: stop): ', { otherwise })
  ).trim();
  if (file === '') throw new ConfigError(`Nothing was written. ${otherwise}`);
  return [readAuthority(app, file)];
}

function describe({ subject, validTo, sha256, sha1 }: ShownCertificate): string {
  return [
    'This machine does not know who made its certificate; Enterprise Manager usually makes its own.',
    `  of       ${subject}, until ${validTo}`,
    `  SHA-256  ${sha256}`,
    `  SHA-1    ${sha1}  (the thumbprint in Windows: certlm.msc on its server, Personal)`,
  ].join('\n');
}

function readAuthority(app: App, file: string): DotEnvLine {
  readCertificates('EM_CA_FILE', app.workingFolder, file);
  return { name: 'EM_CA_FILE', value: file };
}

async function look(app: App, url: string): Promise<ShownCertificate> {
  try {
    return await app.examineCertificate(url);
  } catch (error) {
    throw new SyncError(
      'transient',
      `${url} shows no certificate: ${(error as Error).message}. Nothing was written. Is the address right, with port 9398, and may this machine reach it?`,
    );
  }
}
