// Sign-in: the key goes to the server once, which answers with a cookie that scripts can't read. Where there are no
// sessions, it is kept for the requests of this page.

import { get, type Session, send, sendAlways } from "./api";
import { byId } from "./dom";

/** The session; asks for key and group until the server accepts them. */
export async function session(message = ""): Promise<Session> {
  const found = await get<Session>("/session");
  return found.group === null ? askForKey(message, found) : found;
}

/** Have the server accept a key. */
async function signIn(key: string, group: string, found: Session): Promise<Session> {
  if (!found.by_headers) return send<Session>("POST", "/session", { api_key: key, group_name: group });
  sendAlways(key, group);
  await get("/clock");
  return { ...found, group };
}

function askForKey(message: string, before: Session): Promise<Session> {
  const dialog = byId<HTMLDialogElement>("sign-in");
  const key = byId<HTMLInputElement>("key");
  const refused = byId("refused");
  refused.textContent = message;
  if (!dialog.open) dialog.showModal();
  return new Promise((signedIn) => {
    const form = dialog.querySelector("form") as HTMLFormElement;
    const stay = (event: Event): void => event.preventDefault();
    const submit = async (event: Event): Promise<void> => {
      event.preventDefault();
      try {
        const group = byId<HTMLInputElement>("group").value.trim();
        const found = await signIn(key.value.trim(), group, before);
        form.removeEventListener("submit", onSubmit);
        dialog.removeEventListener("cancel", stay);
        key.value = "";
        dialog.close();
        signedIn(found);
      } catch (error) {
        refused.textContent = error instanceof Error ? error.message : String(error);
      }
    };
    const onSubmit = (event: Event): void => void submit(event);
    form.addEventListener("submit", onSubmit);
    dialog.addEventListener("cancel", stay);
  });
}
