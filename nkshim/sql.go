package nkshim

import (
	"context"

	"nkhost/lua"
	"nkhost/lua/glua"
)

var sqlFunctions = map[string]function{
	"sql_exec":  sqlExec,
	"sql_query": sqlQuery,
}

// Database runs SQL that modules wrote, in the dialect of the host's database.
type Database interface {
	ExecForeign(ctx context.Context, query string, args ...any) (count int64, err error)
	QueryForeign(ctx context.Context, query string, args ...any) (columns []string, rows [][]any, err error)
}

// sqlExec returns how many rows were changed.
func sqlExec(r *Runtime, c call) int {
	query, parameters := c.filledText(1, "query"), c.parameters(2)
	var count int64
	var err error
	c.wait(func() { count, err = r.deps.Database.ExecForeign(c.context(), query, parameters...) })
	if err != nil {
		c.fail("%v", err)
	}
	return c.push(glua.LNumber(count))
}

// sqlQuery returns a table for each row with its values by column; those that are NULL
// are left out.
func sqlQuery(r *Runtime, c call) int {
	query, parameters := c.filledText(1, "query"), c.parameters(2)
	var columns []string
	var rows [][]any
	var err error
	c.wait(func() { columns, rows, err = r.deps.Database.QueryForeign(c.context(), query, parameters...) })
	if err != nil {
		c.fail("%v", err)
	}
	list := newList(len(rows))
	for _, row := range rows {
		table := newTable(len(columns))
		for i, column := range columns {
			table.RawSetString(column, lua.FromGo(row[i]))
		}
		list.Append(table)
	}
	return c.push(list)
}

// parameters are the values for $1, $2 and so on: a list that may be nil, missing or
// empty. As on Nakama a table without items counts as empty.
func (c call) parameters(n int) []any {
	if c.L.Get(n) == glua.LNil {
		return nil
	}
	table := c.table(n, "parameters")
	if table.Len() == 0 {
		return nil
	}
	list, err := lua.ConvertToGoFor(c.L, table)
	if err != nil {
		c.fail("argument %d (parameters): %v", n, err)
	}
	return list.([]any) // it has items
}
