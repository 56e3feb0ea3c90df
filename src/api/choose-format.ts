import { exportFormats, type ExportFormat } from '../export/export-formats.ts';
import { mediaTypes } from '../export/export-rows.ts';
import { invalidParameters } from './problems.ts';

export type Format = 'json' | ExportFormat;

/** The format of the parameter, else the first one the header Accept names, else JSON. */
export function chooseFormat(wanted: unknown, accept: string | undefined): Format {
  const formats: readonly Format[] = ['json', ...exportFormats];
  if (wanted !== undefined) {
    const format = formats.find((one) => one === wanted);
    if (format === undefined)
      throw invalidParameters([{ parameter: 'format', message: `is none of ${formats.join(', ')}` }]);
    return format;
  }
  const types = (accept ?? '').split(',').map((part) => part.split(';')[0]?.trim().toLowerCase());
  for (const type of types) {
    if (type === 'application/json' || type === '*/*') return 'json';
    const format = exportFormats.find(
      (one) => mediaTypes[one].startsWith(`${type ?? ''};`) || mediaTypes[one] === type,
    );
    if (format !== undefined) return format;
  }
  return 'json';
}

/** Whether CSV is to begin with a byte order mark. */
export function chooseByteOrderMark(wanted: unknown, format: Format): boolean {
  if (wanted === undefined || wanted === 'false') return false;
  if (wanted !== 'true')
    throw invalidParameters([{ parameter: 'bom', message: 'is neither true nor false' }]);
  if (format !== 'csv') throw invalidParameters([{ parameter: 'bom', message: 'goes with format=csv only' }]);
  return true;
}
