// Package types writes the nakama module as annotations for Lua language servers, so that
// an editor completes its functions and marks wrong arguments.
package types

import (
	_ "embed"
	"fmt"
	"strings"

	"nkhost/nkshim"
)

// classes are the tables that modules get and give, and what a match module returns.
//
//go:embed classes.lua
var classes string

// descriptions say what each function does: its name, a tab and a sentence a line.
//
//go:embed descriptions.tsv
var descriptions string

// Annotations returns a Lua file that declares every function of the nakama module. It is
// read by language servers only, never run.
func Annotations() string {
	said := described()
	var text strings.Builder
	text.WriteString("---@meta nakama\n\n-- The nakama module, written by nkhost types.\n\n" + classes + "\n---@class nakama\nlocal nakama = {}\n")
	for _, f := range nkshim.Contract() {
		text.WriteString("\n--- " + said[f.Name] + "\n")
		writeFunction(&text, f)
	}
	text.WriteString("\nreturn nakama\n")
	return text.String()
}

func described() map[string]string {
	said := map[string]string{}
	for line := range strings.Lines(descriptions) {
		name, sentence, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		said[name] = sentence
	}
	return said
}

func writeFunction(text *strings.Builder, f nkshim.Function) {
	var names []string
	for i, param := range f.Params {
		kind, mark := paramType(f.Name, param), ""
		switch {
		case param.Nil || param.Optional && i < f.MinArgs():
			kind = orNil(kind)
		case param.Optional:
			mark = "?"
		}
		note := ""
		if param.Default != "" {
			note = " " + param.Default + " if it is nil"
		}
		fmt.Fprintf(text, "---@param %s%s %s%s\n", param.Name, mark, kind, note)
		names = append(names, param.Name)
	}
	for _, result := range f.Returns {
		kind := resultType(f.Name, result)
		if result.Optional {
			kind += "?"
		}
		fmt.Fprintf(text, "---@return %s %s\n", kind, result.Name)
	}
	fmt.Fprintf(text, "function nakama.%s(%s) end\n", f.Name, strings.Join(names, ", "))
}

func orNil(kind string) string {
	if kind == "any" {
		return kind
	}
	return kind + "|nil"
}

// finer are types that say more than the contract, by function and parameter.
var finer = map[string]string{
	"register_rpc.fn":                  "fun(context: nakama.Context, payload: string): string?",
	"register_req_before.fn":           "fun(context: nakama.Context, payload: table): table?",
	"register_req_after.fn":            "fun(context: nakama.Context, output: table, input: table)",
	"register_rt_before.fn":            "fun(context: nakama.Context, envelope: table): table?",
	"register_rt_after.fn":             "fun(context: nakama.Context, output: table, input: table)",
	"register_matchmaker_matched.fn":   "fun(context: nakama.Context, matched_users: nakama.MatchmakerUser[]): string?",
	"register_tournament_end.fn":       "fun(context: nakama.Context, tournament: table, end_time: number, reset_time: number)",
	"register_tournament_reset.fn":     "fun(context: nakama.Context, tournament: table, end_time: number, reset_time: number)",
	"register_leaderboard_reset.fn":    "fun(context: nakama.Context, leaderboard: table, reset_time: number)",
	"register_shutdown.fn":             "fun(context: nakama.Context)",
	"register_storage_index_filter.fn": "fun(context: nakama.Context, write: nakama.StorageObject): boolean",
	"run_once.fn":                      "fun(context: nakama.Context)",
	"get_context.ctx":                  "nakama.Context",
	"match_get.match":                  "nakama.Match",
	"match_list.matches":               "nakama.Match[]",
	"match_create.params":              "table|nil",
	"storage_read.keys":                "nakama.StorageKey[]",
	"storage_read.objects":             "nakama.StorageObject[]",
	"storage_list.objects":             "nakama.StorageObject[]",
	"storage_write.keys":               "nakama.StorageWrite[]",
	"storage_delete.keys":              "nakama.StorageKey[]",
	"storage_write_retry.updateFn":     "fun(objects: nakama.StorageObject[]): nakama.StorageWrite[]",
	"stream_user_list.presences":       "nakama.Presence[]",
	"stream_user_kick.presences":       "nakama.Presence[]",
	"stream_send.presences":            "nakama.Presence[]",
	"stream_send_raw.presences":        "nakama.Presence[]",
	"http_request.headers":             "table<string, string>",
	"metrics_counter_add.tags":         "table<string, string>",
	"metrics_gauge_set.tags":           "table<string, string>",
	"metrics_timer_record.tags":        "table<string, string>",
}

func paramType(function string, p nkshim.Param) string {
	if kind, ok := finer[function+"."+p.Name]; ok {
		return kind
	}
	if p.Type == "table" && (strings.HasSuffix(p.Name, "IDs") || p.Name == "usernames") {
		return "string[]"
	}
	if p.Name == "streamTable" {
		return "nakama.Stream"
	}
	return plainType(p.Type)
}

func resultType(function string, p nkshim.Param) string {
	if kind, ok := finer[function+"."+p.Name]; ok {
		return kind
	}
	return plainType(p.Type)
}

// plainType is a type of the contract as language servers call it.
func plainType(kind string) string {
	switch kind {
	case "bool":
		return "boolean"
	case "int", "int64":
		return "integer"
	}
	return kind
}
