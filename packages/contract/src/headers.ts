/** Header names of the wire. Lower case, as HTTP libraries hand them out. */

/** On every response: the API version that the server speaks. */
export const API_VERSION_HEADER = "x-conch-api";
/** On every response: names the request in the server's log. */
export const REQUEST_ID_HEADER = "x-request-id";
/**
 * On a response whose request caused a mail: `sent` (handed to the SMTP queue) or `file` (there is
 * no SMTP server; the mail lies in the server's `mail/` folder).
 */
export const MAIL_HEADER = "x-conch-mail";

/** The API version that this contract describes; old clients insist on `>= 2.30.0` and `< 3.0.0`. */
export const API_VERSION = "2.39.0";
