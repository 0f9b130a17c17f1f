package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The parser follows nesting by recursion and takes its time with it, so
// nesting is bounded before: by open brackets, and by how far a line is
// indented, dashes included.
const (
	bracketsMost = 200
	indentMost   = 100  // bytes
	lineMost     = 4000 // bytes
)

// parse decodes the text of the present file.
func (l *loader) parse(text []byte) {
	if !l.reasonable(text) {
		return
	}
	tree, ok := l.tree(text)
	if !ok {
		return
	}
	for i, doc := range tree.Docs {
		if doc.Body == nil {
			continue
		}
		if i > 0 {
			l.add(l.at(doc.Body), "a second document begins here", "use one document; further files go into conf.d")
			return
		}
		l.mapping(doc.Body, reflect.ValueOf(l.root).Elem(), "")
	}
}

// reasonable refuses what nobody writes by hand and the parser would choke on.
func (l *loader) reasonable(text []byte) bool {
	line, begin, open, indent := 1, 0, 0, true
	for i, c := range text {
		indent = indent && (c == ' ' || c == '-' || c == '?' || c == '\t')
		if indent && i-begin > indentMost {
			l.add(place{l.now, line, i - begin + 1}, "this is nested too deeply", "begin further to the left")
			return false
		}
		switch c {
		case '\n':
			line, begin, indent = line+1, i+1, true
		case '[', '{':
			open++
		case ']', '}':
			open = max(0, open-1)
		case 0:
			l.add(place{l.now, line, i - begin + 1}, "there is a zero byte", "save the file as UTF-8 text")
			return false
		}
		if open > bracketsMost {
			l.add(place{l.now, line, i - begin + 1}, "brackets are nested too deeply", "close some before")
			return false
		}
		if i-begin > lineMost {
			l.add(place{l.now, line, 1}, "the line is too long", fmt.Sprintf("break it; at most %d bytes", lineMost))
			return false
		}
	}
	return true
}

// tree parses YAML. A parser that breaks on some text is an error of the text.
func (l *loader) tree(text []byte) (tree *ast.File, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			l.add(place{file: l.now}, "this is not YAML", "compare it with docs/belvedere.example.yaml")
			tree, ok = nil, false
		}
	}()
	tree, err := parser.ParseBytes(text, 0)
	if err == nil {
		return tree, true
	}
	if se, ok := err.(yaml.Error); ok && se.GetToken() != nil {
		hint := ""
		if strings.Contains(se.GetMessage(), "\t") {
			hint = "use spaces instead of tabs"
		}
		l.add(l.atToken(se.GetToken()), oneLine(se.GetMessage()), hint)
	} else {
		l.add(place{file: l.now}, oneLine(err.Error()), "")
	}
	return nil, false
}

func oneLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

func (l *loader) at(n ast.Node) place {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return l.at(m.Values[0].Key)
	}
	return l.atToken(n.GetToken())
}

func (l *loader) atToken(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{file: l.now}
	}
	return place{l.now, t.Position.Line, t.Position.Column}
}

// mapping decodes a mapping into a struct.
func (l *loader) mapping(n ast.Node, v reflect.Value, path string) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		l.wrong(n, "options are: write them as key and value with a colon between")
		return
	}
	fields := fieldsOf(v.Type())
	for _, kv := range m.Values {
		name, ok := keyText(kv.Key)
		if !ok {
			l.add(l.at(kv.Key), "this cannot be a key", "anchors, merges and complex keys are not supported")
			continue
		}
		i, known := fields[name]
		if !known {
			l.add(l.at(kv.Key), fmt.Sprintf("unknown key %q", name), suggestion(name, fields))
			continue
		}
		l.field(kv, v, i, path, name)
	}
}

// field decodes the value of one key. A list of the top level grows with each
// file; anything else is set once.
func (l *loader) field(kv *ast.MappingValueNode, v reflect.Value, i int, path, name string) {
	f, into := v.Type().Field(i), v.Field(i)
	key := join(path, f.Tag.Get("yaml"))
	grows := path == "" && f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct && f.Type.Elem() != prefixType
	if before, ok := l.places[key]; ok && !grows {
		hint := "keep one of them"
		if one := f.Tag.Get("one"); one != "" {
			hint = fmt.Sprintf("use either %s or %s", one, f.Tag.Get("yaml"))
		}
		l.add(l.at(kv.Key), fmt.Sprintf("%q is set already at %s:%d", name, before.file, before.line), hint)
		return
	}
	l.places[key] = l.at(kv.Key)
	if kv.Value == nil || kv.Value.Type() == ast.NullType {
		return // nothing written: the default
	}
	if _, _, ok := scalarText(kv.Value); ok {
		l.places[key] = l.at(kv.Value)
	}
	if f.Tag.Get("one") == name {
		one := reflect.New(into.Type().Elem()).Elem()
		l.places[key+".0"] = l.at(kv.Value)
		l.value(kv.Value, one, key+".0")
		into.Set(reflect.Append(into, one))
		return
	}
	if !grows && into.Kind() == reflect.Slice {
		into.SetZero() // what is written takes the place of the default
	}
	l.value(kv.Value, into, key)
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	prefixType   = reflect.TypeFor[netip.Prefix]()
)

// value decodes any node into v; path is its place in the whole.
func (l *loader) value(n ast.Node, v reflect.Value, path string) {
	switch {
	case v.Type() == durationType, v.Type() == prefixType, v.Kind() == reflect.Int64, v.Kind() == reflect.Int, v.Kind() == reflect.String:
		l.scalar(n, v)
	case v.Kind() == reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			l.wrong(n, "true or false is")
			return
		}
		v.SetBool(b.Value)
	case v.Kind() == reflect.Struct:
		l.mapping(n, v, path)
	case v.Kind() == reflect.Map:
		l.texts(n, v, path)
	case v.Kind() == reflect.Slice:
		l.list(n, v, path)
	default:
		panic("config: nothing reads " + v.Type().String()) // of an option that was added
	}
}

// scalar decodes text and what is written as text.
func (l *loader) scalar(n ast.Node, v reflect.Value) {
	text, number, ok := scalarText(n)
	if !ok || number && v.Kind() == reflect.String {
		need := "text is"
		if number {
			need = fmt.Sprintf("text is: put it in quotes: %q", text)
		}
		l.wrong(n, need)
		return
	}
	if msg, hint := setScalar(v, text); msg != "" {
		l.add(l.at(n), msg, hint)
	}
}

// setScalar parses text into v and says what is wrong with it.
func setScalar(v reflect.Value, text string) (msg, hint string) {
	switch {
	case v.Type() == durationType:
		d, err := parseDuration(text)
		if err != nil {
			return fmt.Sprintf("%q is not a length of time", text), `write a number with its unit, like 30s, 5m, 12h or 30d`
		}
		v.SetInt(int64(d))
	case v.Type() == prefixType:
		p, err := parsePrefix(text)
		if err != nil {
			return fmt.Sprintf("%q is not a network", text), `write it like 10.1.0.0/16, fd00::/8 or 10.1.2.3`
		}
		v.Set(reflect.ValueOf(p))
	case v.Kind() == reflect.Int64:
		n, err := parseSize(text)
		if err != nil {
			return fmt.Sprintf("%q is not an amount of memory", text), `write it like 512MiB or 4GiB`
		}
		v.SetInt(n)
	case v.Kind() == reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Sprintf("%q is not a whole number", text), `write digits, like 50`
		}
		v.SetInt(int64(n))
	default:
		v.SetString(text)
	}
	return "", ""
}

// list decodes a sequence, or one text where a list of texts may be.
func (l *loader) list(n ast.Node, v reflect.Value, path string) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		if _, _, scalar := scalarText(n); scalar && v.Type().Elem().Kind() != reflect.Struct {
			l.element(n, v, path)
			return
		}
		l.wrong(n, `a list is: begin each entry with "- "`)
		return
	}
	for _, item := range seq.Values {
		l.element(item, v, path)
	}
}

func (l *loader) element(n ast.Node, v reflect.Value, path string) {
	key := join(path, strconv.Itoa(v.Len()))
	l.places[key] = l.at(n)
	one := reflect.New(v.Type().Elem()).Elem()
	l.value(n, one, key)
	v.Set(reflect.Append(v, one))
}

// texts decodes a mapping of names to texts.
func (l *loader) texts(n ast.Node, v reflect.Value, path string) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		l.wrong(n, "names with a value each are: write them with a colon between")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, kv := range m.Values {
		name, ok := keyText(kv.Key)
		if !ok {
			l.add(l.at(kv.Key), "this cannot be a name", "put it in quotes")
			continue
		}
		text := reflect.New(v.Type().Elem()).Elem()
		l.places[join(path, name)] = l.at(kv.Key)
		l.scalar(kv.Value, text)
		v.SetMapIndex(reflect.ValueOf(name), text)
	}
}

// wrong says that another kind of value is needed; a hint may follow after ": ".
func (l *loader) wrong(n ast.Node, need string) {
	need, hint, _ := strings.Cut(need, ": ")
	have := "this is something else"
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		l.add(l.at(n), "anchors, aliases and tags are not supported", "write the value itself")
		return
	case *ast.MappingNode, *ast.MappingValueNode:
		have = "these are options"
		if need == "text is" {
			hint = "if it is one value with a colon in it, put it in quotes"
		}
	case *ast.SequenceNode:
		have = "this is a list"
	case *ast.StringNode, *ast.LiteralNode:
		have = "this is text"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		have = "this is a number"
	case *ast.BoolNode:
		have = "this is true or false"
	case *ast.NullNode:
		have = "this is empty"
	}
	l.add(l.at(n), fmt.Sprintf("%s, but %s needed", have, need), hint)
}

// scalarText returns a scalar as it is written; number is true for what YAML
// takes for something else than text.
func scalarText(n ast.Node) (text string, number, ok bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, false, true
	case *ast.LiteralNode:
		return strings.TrimRight(n.Value.Value, "\n"), false, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true, true
	}
	return "", false, false
}

func keyText(k ast.MapKeyNode) (string, bool) {
	n, ok := k.(ast.Node)
	if !ok {
		return "", false
	}
	text, _, ok := scalarText(n)
	return text, ok
}

// fieldsOf maps the keys of a struct to its fields.
func fieldsOf(t reflect.Type) map[string]int {
	m := map[string]int{}
	for i := range t.NumField() {
		f := t.Field(i)
		if tag := f.Tag.Get("yaml"); f.IsExported() && tag != "-" {
			m[tag] = i
			if one := f.Tag.Get("one"); one != "" {
				m[one] = i
			}
		}
	}
	return m
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
