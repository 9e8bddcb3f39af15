import './invitation.css';
import type { Announcer } from '../components/announcer.ts';
import type { Toasts } from '../components/toast.ts';
import { h } from '../dom.ts';
import { errorText } from '../format.ts';
import type { Session } from '../session.ts';
import { AnswerDialog } from './answer-dialog.ts';
import { handOver, takeOver } from './handover.ts';
import { InviteDialog } from './invite-dialog.ts';
import { carriedBy } from './links.ts';

/** Both ends of an invitation, as far as they are this page's matter. */
export class Invitations {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #toasts: Toasts;
  readonly #invite: InviteDialog;
  readonly #answer: AnswerDialog;
  #joining = false;

  constructor(session: Session, toasts: Toasts, announcer: Announcer) {
    this.#session = session;
    this.#toasts = toasts;
    this.#invite = new InviteDialog(toasts, (answer, connected) => {
      void this.#answer.show(answer);
      connected.then(
        () => this.#joined(announcer),
        (error: unknown) => this.#failed(error),
      );
    });
    this.#answer = new AnswerDialog(toasts, () => {
      this.#answer.close();
      void this.inviteWithoutServer();
    });
    this.element = h('div', {}, this.#invite.element, this.#answer.element);
    takeOver(
      () => this.#invite.isOpen,
      (answer) => void this.#invite.take(answer),
    );
    session.on('change', () => {
      if (session.answer !== undefined) {
        this.#joining = true;
        void this.#answer.show(session.answer);
      } else if (this.#joining) {
        this.#joining = false;
        if (session.node === undefined) this.#answer.close();
        else this.#joined(announcer);
      }
    });
  }

  /** Joins as the page's address says: by an invitation, or through the server. */
  async start(): Promise<void> {
    const { hash } = location;
    const answer = carriedBy(hash, 'answer');
    const invitation = carriedBy(hash, 'invitation');
    // A reload must not use either again.
    if (answer ?? invitation) history.replaceState(history.state, '', location.pathname + location.search);
    if (answer !== undefined) {
      if (await handOver(answer)) {
        this.#toasts.show('The answer has gone to your other tab. You can close this one.');
        return;
      }
      this.#toasts.show('No tab of this browser waits for this answer. Paste it where you have invited.', 'warning');
    }
    await this.#session.join({}, invitation);
  }

  /** Opens the dialog that invites. */
  async invite(): Promise<void> {
    const { node, answer } = this.#session;
    if (node !== undefined) await this.#invite.show(node);
    else if (answer !== undefined) await this.#answer.show(answer);
  }

  /** The same for who knows no server: whoever is invited, or invites, is the network. */
  async inviteWithoutServer(): Promise<void> {
    this.#joining = false;
    await this.#session.joinInstead({ withoutServer: true });
    await this.invite();
  }

  #joined(announcer: Announcer): void {
    this.#answer.close();
    this.#toasts.show('Connected by the invitation');
    announcer.say('Connected by the invitation');
  }

  #failed(error: unknown): void {
    this.#answer.close();
    this.#toasts.show(errorText(error), 'warning');
  }
}
