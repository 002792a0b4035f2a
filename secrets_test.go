package main

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"testing"
)

// secretNames are what the code calls that which an attacker may want to guess.
var secretNames = regexp.MustCompile(`^(.*([pP]assword|[sS]ecret|[sS]ignature|PublisherKey|ServerKey|HTTPKey|EncryptionKey).*|mac|hash|token)$`)

// TestSecretsAreComparedInConstantTime wants that no secret is compared by == or by a
// switch, which take longer the more of a guess is right. Being empty is no secret.
func TestSecretsAreComparedInConstantTime(t *testing.T) {
	t.Parallel()
	rooms := []string{"host/account", "host/api", "host/providers", "host/realtime", "host/session"}
	for _, file := range sources(t) {
		if !slices.Contains(rooms, file.room) {
			continue
		}
		ast.Inspect(file.syntax, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.BinaryExpr:
				if (node.Op == token.EQL || node.Op == token.NEQ) && !isEmptyValue(node.X) && !isEmptyValue(node.Y) {
					refuseSecret(t, file, node.X)
					refuseSecret(t, file, node.Y)
				}
			case *ast.SwitchStmt:
				refuseSecret(t, file, node.Tag)
			}
			return true
		})
	}
}

func refuseSecret(t *testing.T, file goFile, compared ast.Expr) {
	name := ""
	switch compared := compared.(type) {
	case *ast.Ident:
		name = compared.Name
	case *ast.SelectorExpr:
		name = compared.Sel.Name
	}
	if secretNames.MatchString(name) {
		t.Errorf("%s compares %s: use crypto/subtle or hmac.Equal", file.path, name)
	}
}

func isEmptyValue(value ast.Expr) bool {
	switch value := value.(type) {
	case *ast.BasicLit:
		return value.Value == `""` || value.Value == "0"
	case *ast.Ident:
		return value.Name == "nil"
	}
	return false
}
