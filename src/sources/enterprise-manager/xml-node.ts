/** An element read: attributes under `@name`, child elements under their names, several as an array, text under `#text`. */
export type XmlNode = { readonly [name: string]: XmlValue };
export type XmlValue = string | XmlNode | readonly XmlValue[];
