import { chooseTheme, useTheme } from './theme.ts';

export function ThemeButton() {
  const theme = useTheme();
  const other = theme === 'dark' ? 'light' : 'dark';
  return (
    <button
      type="button"
      class="quiet"
      aria-label={`Show it ${other}`}
      title={`Show it ${other}`}
      onClick={() => chooseTheme(other)}
    >
      <span aria-hidden="true">{theme === 'dark' ? '☀' : '☾'}</span>
    </button>
  );
}
