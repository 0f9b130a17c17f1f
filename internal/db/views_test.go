package db_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/db"
)

// annaAndTom adds an operator and a viewer.
func annaAndTom(t *testing.T, d *db.DB) (anna, tom int64) {
	t.Helper()
	ctx := t.Context()
	if err := d.Write(ctx, func(tx *db.Tx) (err error) {
		if anna, err = tx.AddPerson(ctx, db.Person{Username: "anna", Role: access.RoleOperator}, time.Now()); err != nil {
			return err
		}
		tom, err = tx.AddPerson(ctx, db.Person{Username: "tom", Role: access.RoleViewer}, time.Now())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return anna, tom
}

func TestViews(t *testing.T) {
	d := open(t, t.TempDir())
	ctx := t.Context()
	anna, tom := annaAndTom(t, d)
	write := func(f func(*db.Tx) error) error { return d.Write(ctx, f) }
	ids := map[string]int64{}
	for _, v := range []db.View{
		{Owner: anna, Name: " Mine ", Path: "/services", Query: "q=db&sort=-state"},
		{Owner: anna, Name: "For all", Path: "/hosts", Shared: db.Everybody},
		{Owner: anna, Name: "For admins", Path: "/hosts", Shared: "admin"},
		{Owner: tom, Name: "Tom's", Path: "/problems"},
	} {
		if err := write(func(tx *db.Tx) error {
			id, err := tx.AddView(ctx, v)
			ids[strings.TrimSpace(v.Name)] = id
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	names := func(person int64, role access.Role) (out []string) {
		views, err := d.Views(ctx, person, role)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range views {
			s := v.Name
			if v.Pinned {
				s += "*"
			}
			out = append(out, s)
		}
		return out
	}
	if got := names(tom, access.RoleViewer); !slices.Equal(got, []string{"Tom's", "For all"}) {
		t.Errorf("tom sees %q", got)
	}
	if err := write(func(tx *db.Tx) error {
		return errors.Join(tx.PinView(ctx, tom, ids["For all"], true), tx.PinView(ctx, tom, ids["For all"], true), tx.MoveView(ctx, anna, ids["For admins"], false), tx.MoveView(ctx, anna, ids["Mine"], false))
	}); err != nil {
		t.Fatal(err)
	}
	if got := names(tom, access.RoleViewer); !slices.Equal(got, []string{"Tom's", "For all*"}) {
		t.Errorf("tom sees %q", got)
	}
	if got := names(anna, access.RoleOperator); !slices.Equal(got, []string{"Mine", "For admins", "For all"}) {
		t.Errorf("anna sees %q", got)
	}
	if _, err := d.View(ctx, ids["Mine"], tom, access.RoleViewer); !errors.Is(err, db.ErrNotFound) {
		t.Errorf("tom reads anna's view: %v", err)
	}
	if v, err := d.View(ctx, ids["Mine"], anna, access.RoleOperator); err != nil || v.Address() != "/services?q=db&sort=-state" || v.OwnerName != "anna" {
		t.Errorf("anna reads %+v, %v", v, err)
	}
	if err := write(func(tx *db.Tx) error {
		return tx.UpdateView(ctx, db.View{ID: ids["Mine"], Name: "Ours", Path: "/services", Shared: "viewer"})
	}); err != nil {
		t.Fatal(err)
	}
	if got := names(tom, access.RoleViewer); !slices.Equal(got, []string{"Tom's", "For all*", "Ours"}) {
		t.Errorf("tom sees %q", got)
	}
	if err := write(func(tx *db.Tx) error { return tx.DeleteView(ctx, ids["For all"]) }); err != nil {
		t.Fatal(err)
	}
	if got := names(tom, access.RoleViewer); !slices.Equal(got, []string{"Tom's", "Ours"}) {
		t.Errorf("tom sees %q", got)
	}
}

func TestViewBounds(t *testing.T) {
	d := open(t, t.TempDir())
	ctx := t.Context()
	var anna, tom int64
	write := func(f func(*db.Tx) error) error { return d.Write(ctx, f) }
	if err := write(func(tx *db.Tx) (err error) {
		if anna, err = tx.AddPerson(ctx, db.Person{Username: "anna", Role: access.RoleOperator}, time.Now()); err != nil {
			return err
		}
		tom, err = tx.AddPerson(ctx, db.Person{Username: "tom", Role: access.RoleViewer}, time.Now())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, v := range []db.View{{Name: " ", Path: "/hosts"}, {Name: "x", Path: "//evil.example"}, {Name: "x", Path: "hosts"}, {Name: "x", Path: "/hosts?q"},
		{Name: "x", Path: "/hosts", Shared: "everyone"}, {Name: "x", Path: "/hosts", Query: strings.Repeat("a", 5000)}, {Name: strings.Repeat("ä", 81), Path: "/hosts"}} {
		v.Owner = anna
		var told *db.Error
		if err := write(func(tx *db.Tx) error { _, err := tx.AddView(ctx, v); return err }); !errors.As(err, &told) {
			t.Errorf("%+v is taken: %v", v, err)
		}
	}
	if err := write(func(tx *db.Tx) error {
		for i := range 300 {
			if _, err := tx.AddView(ctx, db.View{Owner: tom, Name: fmt.Sprint(i), Path: "/hosts"}); err != nil {
				return err
			}
		}
		return nil
	}); err == nil || !strings.Contains(err.Error(), "at most 200") {
		t.Errorf("views have no bound: %v", err)
	}
}
