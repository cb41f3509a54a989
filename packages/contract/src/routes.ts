import type { Route } from "./route.ts";
import { checkCredential, login, logout, refreshSession } from "./session.ts";
import { deleteSetting, getSetting, getSettings, replaceSettings, setSetting } from "./settings.ts";
import { getVersion, ping } from "./system.ts";
import {
  createMyToken,
  getMyToken,
  getUserToken,
  listMyTokens,
  listUserTokens,
  removeMyToken,
  removeUserToken,
} from "./token.ts";
import {
  changePassword,
  createUser,
  deactivateUser,
  getMe,
  getUser,
  listUsers,
  resetPassword,
  revokeMine,
  revokeUser,
  updateUser,
} from "./user.ts";
import {
  getServerMetadata,
  introspect,
  lookUpToken,
  pollChanges,
  reportUsage,
  revokeToken,
  verifyCredential,
} from "./verification.ts";

/** Every route of the wire, in the order of the documentation. */
export const ROUTES: readonly Route[] = [
  getVersion,
  ping,
  login,
  logout,
  refreshSession,
  checkCredential,
  getMe,
  changePassword,
  revokeMine,
  getSettings,
  replaceSettings,
  getSetting,
  setSetting,
  deleteSetting,
  listMyTokens,
  createMyToken,
  getMyToken,
  removeMyToken,
  listUsers,
  createUser,
  getUser,
  updateUser,
  deactivateUser,
  revokeUser,
  resetPassword,
  listUserTokens,
  getUserToken,
  removeUserToken,
  verifyCredential,
  introspect,
  revokeToken,
  getServerMetadata,
  pollChanges,
  lookUpToken,
  reportUsage,
];
