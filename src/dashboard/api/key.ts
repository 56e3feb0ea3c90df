const name = 'session-history-key';

/** The key for the API: kept until the tab is closed, in no address and no cookie. */
export const key = {
  read: (): string | null => sessionStorage.getItem(name),
  keep: (value: string): void => {
    sessionStorage.setItem(name, value);
  },
  forget: (): void => {
    sessionStorage.removeItem(name);
  },
};
