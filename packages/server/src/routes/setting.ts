import {
  deleteSetting,
  getSetting,
  getSettings,
  replaceSettings,
  setSetting,
} from "@conch/contract";
import { type Implementation, implement, noContent } from "../http/implementation.ts";
import type { SettingService } from "../services/setting.ts";

/** One's settings. */
export function settingRoutes(settings: SettingService): Implementation[] {
  return [
    implement(getSettings, async ({ caller }) => ({
      status: 200,
      body: await settings.list(caller.user.id),
    })),
    implement(replaceSettings, async ({ caller, body }) => {
      await settings.replace(caller.user.id, body);
      return noContent();
    }),
    implement(getSetting, async ({ caller, params }) => ({
      status: 200,
      body: await settings.get(caller.user.id, params.key),
    })),
    implement(setSetting, async ({ caller, params, body }) => {
      await settings.set(caller.user.id, params.key, body);
      return noContent();
    }),
    implement(deleteSetting, async ({ caller, params }) => {
      await settings.remove(caller.user.id, params.key);
      return noContent();
    }),
  ];
}
