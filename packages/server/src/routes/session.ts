import { checkCredential, login, logout, refreshSession } from "@conch/contract";
import { PASSWORD_LOCATION } from "../http/access.ts";
import { signatureCookie } from "../http/credential.ts";
import { type Implementation, implement, noContent } from "../http/implementation.ts";
import type { NewSession, SessionService } from "../services/session.ts";

/** @param isSecure whether the public URL is https, so that the cookie stays off plain HTTP. */
export function sessionRoutes(sessions: SessionService, isSecure: boolean): Implementation[] {
  return [
    implement(login, async ({ body, clientAddress }) => {
      const session = await sessions.login(body.user, body.password, clientAddress);
      return toReply(session, isSecure);
    }),
    implement(logout, async ({ bearer }) => {
      await sessions.logout(bearer);
      return noContent({ "set-cookie": signatureCookie("", isSecure) });
    }),
    implement(refreshSession, async ({ caller }) =>
      toReply(await sessions.refresh(caller), isSecure),
    ),
    implement(checkCredential, () => noContent()),
  ];
}

/** The signature goes into a cookie that scripts cannot read, the rest into the body. */
function toReply(session: NewSession, isSecure: boolean) {
  const end = session.jwt.lastIndexOf(".");
  return {
    status: 200,
    body: { jwt_token: session.jwt.slice(0, end) },
    headers: {
      "set-cookie": signatureCookie(session.jwt.slice(end + 1), isSecure),
      ...(session.mustChangePassword && { location: PASSWORD_LOCATION }),
    },
    userId: session.userId,
  } as const;
}
