/** BOPlish: peer-to-peer networks of browser tabs. */
export type { BopcastEvents, BopcastGroup, BopcastMembersEvent, BopcastMessageEvent } from './bopcast.js';
export { connect, type ConnectOptions } from './connect.js';
export type {
  ContentOptions,
  FetchOptions,
  FetchProgress,
  FolderEntry,
  Names,
  PublishOptions,
  PublishProgress,
  Resolved,
  Source,
} from './content/types.js';
export { BoplishError, type BoplishErrorCode } from './error.js';
export type { TypedEventTarget } from './events.js';
export type { Group, GroupEvents, GroupMembersEvent, GroupMessage, GroupMessageEvent, JoinOptions } from './group.js';
export type { AcceptedInvitation, Invitation } from './invitation.js';
export type {
  BoplishNode,
  DisconnectReason,
  ErrorEvent,
  MonitorEvent,
  NodeEvents,
  NodeMessageEvent,
  NodeState,
  PeerConnectEvent,
  PeerDisconnectEvent,
  RefusedEvent,
  ServerChangeEvent,
  StateChangeEvent,
  TopologyEvent,
} from './node.js';
export type { GetOptions, PutOptions, RecordName, StoredRecord } from './store.js';
export type {
  Protocol,
  ProtocolEvents,
  ProtocolMessageEvent,
  ProtocolRequestEvent,
  RequestOptions,
  SendOptions,
} from './protocol.js';
