/** What can go wrong between the store and its database, told apart by class on both databases. */

/** The commit's answer was lost, or came with a warning: the caller must repeat the revocation. */
export class RevocationUnconfirmedError extends Error {
  override readonly name = "RevocationUnconfirmedError";
}

/** The database does not answer, is busy beyond the time limits, or cannot store (disk full). */
export class DatabaseUnavailableError extends Error {
  override readonly name = "DatabaseUnavailableError";
}

/** A row with that key exists. */
export class UniqueViolationError extends Error {
  override readonly name = "UniqueViolationError";
  /** The table that holds the other row. */
  readonly table: string;

  constructor(table: string, options?: ErrorOptions) {
    super(`duplicate key in ${table}`, options);
    this.table = table;
  }
}

/** The database cannot be used by this program, now or later; the text says why and what to do. */
export class DatabaseUnusableError extends Error {
  override readonly name = "DatabaseUnusableError";
}

/** Whether a transaction was committed, or is where it must be, cannot be known. */
export class CommitUnconfirmedError extends Error {
  override readonly name = "CommitUnconfirmedError";
}
