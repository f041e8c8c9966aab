/** Whoever asks Fenix to be told of something, and so makes it connect to an address of the asker's choice. */
export interface Receivers {
  /** Why nothing is sent to this http or https URL, for the one who asks; null: it may be. */
  whyRefused(url: string): Promise<string | null>;
}
