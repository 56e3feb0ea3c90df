/** Variables that deployment files give already and that older versions of the program pass over. */
export const laterVariables: readonly string[] = [];
