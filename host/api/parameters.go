package api

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// setParameters sets fields of a request as a URL's query says, in the way of Nakama's
// gateway. A name is the field's own or its JSON name, name.value sets a field of a
// message, and name[text] stands for text as one more value. What the request does not
// have is passed over, and so are fields in fixed.
func setParameters(request proto.Message, values url.Values, fixed []string) error {
	message := request.ProtoReflect()
	seen := make(map[string]bool, len(values))
	for _, parameter := range slices.Sorted(maps.Keys(values)) {
		name, subscript, texts := cutSubscript(parameter, values[parameter])
		path := fieldPath(message.Descriptor(), name)
		if slices.Contains(fixed, path[0]) {
			continue
		}
		whole := strings.Join(path, ".") + subscript
		if seen[whole] {
			return fmt.Errorf("duplicate field %q", whole)
		}
		seen[whole] = true
		if slices.ContainsFunc(texts, func(text string) bool { return !utf8.ValidString(text) }) {
			return fmt.Errorf("the query parameter %q must be UTF-8", name)
		}
		if err := setField(message, path, texts); err != nil {
			return err
		}
	}
	return nil
}

// cutSubscript takes [text] off the end of a name and puts the text before the values.
func cutSubscript(name string, values []string) (field, subscript string, texts []string) {
	start := strings.LastIndexByte(name, '[')
	if start < 0 || !strings.HasSuffix(name, "]") || strings.Contains(name, "\n") {
		return name, "", values
	}
	text := name[start+1 : len(name)-1]
	return name[:start], name[start:], append([]string{text}, values...)
}

// fieldPath spells a name like account.vars with the fields' own names. One that leads
// to no field stays as it is.
func fieldPath(message protoreflect.MessageDescriptor, name string) []string {
	given := strings.Split(name, ".")
	path := make([]string, len(given))
	for i, part := range given {
		if message == nil {
			return given
		}
		field := fieldNamed(message, part)
		if field == nil {
			return given
		}
		path[i] = string(field.Name())
		message = nil
		if field.Cardinality() != protoreflect.Repeated {
			message = field.Message()
		}
	}
	return path
}

func fieldNamed(message protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	fields := message.Fields()
	if field := fields.ByName(protoreflect.Name(name)); field != nil {
		return field
	}
	return fields.ByJSONName(name)
}

// setField sets the field to which the path leads, if there is one.
func setField(message protoreflect.Message, path []string, texts []string) error {
	field := fieldNamed(message.Descriptor(), path[0])
	switch {
	case field == nil:
		return nil
	case len(path) == 1:
		return setTexts(message, field, texts)
	case field.Message() == nil || field.Cardinality() == protoreflect.Repeated:
		return fmt.Errorf("invalid path: %q is not a message", path[0])
	}
	return setField(message.Mutable(field).Message(), path[1:], texts)
}

func setTexts(message protoreflect.Message, field protoreflect.FieldDescriptor, texts []string) error {
	if !field.IsList() && len(texts) > 1 {
		return fmt.Errorf("too many values for field %q: %s", field.Name(), strings.Join(texts, ", "))
	}
	for _, text := range texts {
		value, err := parseValue(message, field, text)
		if err != nil {
			return fmt.Errorf("parsing field %q: %w", field.Name(), err)
		}
		if field.IsList() {
			message.Mutable(field).List().Append(value)
		} else {
			message.Set(field, value)
		}
	}
	return nil
}

// parseValue reads a value of the types that requests have: texts, booleans, integers,
// and the wrappers of these, such as google.protobuf.Int32Value.
func parseValue(message protoreflect.Message, field protoreflect.FieldDescriptor, text string) (protoreflect.Value, error) {
	switch field.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(text), nil
	case protoreflect.BoolKind:
		v, err := strconv.ParseBool(text)
		return protoreflect.ValueOfBool(v), err
	case protoreflect.Int32Kind:
		v, err := strconv.ParseInt(text, 10, 32)
		return protoreflect.ValueOfInt32(int32(v)), err
	case protoreflect.Int64Kind:
		v, err := strconv.ParseInt(text, 10, 64)
		return protoreflect.ValueOfInt64(v), err
	case protoreflect.Uint32Kind:
		v, err := strconv.ParseUint(text, 10, 32)
		return protoreflect.ValueOfUint32(uint32(v)), err
	}
	if field.Message() == nil || field.Message().ParentFile().Path() != "google/protobuf/wrappers.proto" {
		return protoreflect.Value{}, fmt.Errorf("a parameter cannot be of type %v", field.Kind())
	}
	wrapper := message.NewField(field)
	inner := field.Message().Fields().ByName("value")
	value, err := parseValue(wrapper.Message(), inner, text)
	if err == nil {
		wrapper.Message().Set(inner, value)
	}
	return wrapper, err
}
