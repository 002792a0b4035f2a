--- What every RPC, hook and match callback gets as its first argument.
---@class nakama.Context
---@field env table<string, string> what runtime.env sets
---@field execution_mode string "rpc", "match", "before", "after", "matchmaker", "run_once" or "shutdown"
---@field node string the name of this server
---@field version? string the server's version; not in matches
---@field headers? table<string, string[]> of the request; not in matches
---@field query_params? table<string, string[]> of the request; not in matches
---@field trace_id? string
---@field user_id? string who calls; nil when a server does
---@field username? string
---@field vars? table<string, string> of the session
---@field user_session_exp? number when the session ends, in Unix seconds
---@field session_id? string of the socket
---@field lang? string
---@field client_ip? string
---@field client_port? string

--- The context of match callbacks.
---@class nakama.MatchContext: nakama.Context
---@field match_id string
---@field match_node string
---@field match_label? string
---@field match_tick_rate? number

--- A user's session in a match or a stream.
---@class nakama.Presence
---@field user_id string
---@field session_id string
---@field username string
---@field node string
---@field reason? integer 0 on join, 3 on leave and kick, 4 when the socket closed

--- Data that a player sent to a match.
---@class nakama.MatchMessage
---@field sender nakama.Presence
---@field op_code number
---@field data? string nil when it is empty
---@field reliable boolean
---@field receive_time_ms number

--- A match as match_get and match_list return it.
---@class nakama.Match
---@field match_id string
---@field authoritative boolean
---@field size number
---@field label? string of an authoritative match
---@field tick_rate? number of an authoritative match
---@field handler_name? string the module of an authoritative match

--- A user whom the matchmaker brought together with others.
---@class nakama.MatchmakerUser
---@field presence nakama.Presence
---@field properties table<string, string|number>
---@field party_id? string

--- What a match callback does to its match. The functions are called with a dot.
---@class nakama.MatchDispatcher
---@field broadcast_message fun(op_code: number, data?: string, presences?: nakama.Presence[], sender?: nakama.Presence, reliable?: boolean) sends data to all players, or to some
---@field broadcast_message_deferred fun(op_code: number, data?: string, presences?: nakama.Presence[], sender?: nakama.Presence, reliable?: boolean) sends data when the callback has ended
---@field match_kick fun(presences: nakama.Presence[]) removes players from the match
---@field match_label_update fun(label: string) gives the match another label

--- The table that a match module returns. A state of nil ends the match.
---@class nakama.MatchHandler
---@field match_init fun(context: nakama.MatchContext, params: table): state: any, tick_rate: number, label: string
---@field match_join_attempt fun(context: nakama.MatchContext, dispatcher: nakama.MatchDispatcher, tick: number, state: any, presence: nakama.Presence, metadata: table<string, string>): state: any, accept: boolean, reason: string?
---@field match_join fun(context: nakama.MatchContext, dispatcher: nakama.MatchDispatcher, tick: number, state: any, presences: nakama.Presence[]): any
---@field match_leave fun(context: nakama.MatchContext, dispatcher: nakama.MatchDispatcher, tick: number, state: any, presences: nakama.Presence[]): any
---@field match_loop fun(context: nakama.MatchContext, dispatcher: nakama.MatchDispatcher, tick: number, state: any, messages: nakama.MatchMessage[]): any
---@field match_terminate fun(context: nakama.MatchContext, dispatcher: nakama.MatchDispatcher, tick: number, state: any, grace_seconds: number): any
---@field match_signal fun(context: nakama.MatchContext, dispatcher: nakama.MatchDispatcher, tick: number, state: any, data: string): state: any, answer: string?

--- Where a storage object is.
---@class nakama.StorageKey
---@field collection string
---@field key string
---@field user_id? string nil for the server's own

--- A storage object to write.
---@class nakama.StorageWrite: nakama.StorageKey
---@field value table
---@field version? string "" for any, "*" for a new object only
---@field permission_read? integer 0 nobody, 1 the owner, 2 everybody
---@field permission_write? integer 0 nobody, 1 the owner

--- A storage object.
---@class nakama.StorageObject: nakama.StorageWrite
---@field create_time number
---@field update_time number

--- Which stream a function is about.
---@class nakama.Stream
---@field mode integer
---@field subject? string
---@field subcontext? string
---@field label? string
