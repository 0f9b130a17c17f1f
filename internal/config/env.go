package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

const envPrefix = "BELVEDERE_"

// variables maps the names of environment variables to paths of options:
// everything but the lists of sites, users and listeners.
func variables() map[string]string {
	m := map[string]string{}
	var walk func(t reflect.Type, path string)
	walk = func(t reflect.Type, path string) {
		for name, i := range fieldsOf(t) {
			f := t.Field(i)
			p := join(path, name)
			switch {
			case f.Type.Kind() == reflect.Struct:
				walk(f.Type, p)
			case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct && f.Type.Elem() != prefixType:
			default:
				m[envPrefix+strings.ToUpper(strings.ReplaceAll(p, ".", "_"))] = p
			}
		}
	}
	walk(reflect.TypeFor[Config](), "")
	return m
}

// environment puts the variables over what the files said. One that is empty
// counts as not set. Others that begin like ours are only worth a warning:
// service managers set such.
func (l *loader) environment(env []string) {
	known := variables()
	env = slices.Sorted(slices.Values(env))
	for _, kv := range env {
		name, text, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, envPrefix) || text == "" {
			continue
		}
		path, ok := known[name]
		if !ok {
			note := fmt.Sprintf("the environment variable %s is not known", name)
			if best := closest(name, known); best != "" {
				note += fmt.Sprintf("; did you mean %s?", best)
			}
			l.cfg.notes = append(l.cfg.notes, note)
			continue
		}
		l.now = name
		l.order[name] = len(l.order)
		l.override(path, text)
	}
}

func (l *loader) override(path, text string) {
	v := reflect.ValueOf(&l.cfg).Elem()
	for part := range strings.SplitSeq(path, ".") {
		v = v.Field(fieldsOf(v.Type())[part])
	}
	at := place{file: l.now}
	l.places[path] = at
	if v.Kind() != reflect.Slice {
		if msg, hint := setScalar(v, text); msg != "" {
			l.add(at, msg, hint)
		}
		return
	}
	v.SetZero()
	for i, part := range strings.Split(text, ",") {
		one := reflect.New(v.Type().Elem()).Elem()
		if msg, hint := setScalar(one, strings.TrimSpace(part)); msg != "" {
			l.add(at, msg, hint)
		}
		l.places[fmt.Sprintf("%s.%d", path, i)] = at
		v.Set(reflect.Append(v, one))
	}
}
