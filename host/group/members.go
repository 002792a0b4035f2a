package group

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nkhost/host/db"
	"nkhost/host/notification"
)

// act is a transaction in which something becomes of users in a group, and what is to be
// told of it afterwards.
type act struct {
	*Service
	tx      *db.Tx
	groupID string
	now     time.Time

	messages []Message
	notices  []notification.Notification
	left     []string
	deleted  bool // the group itself
}

// act runs do in a transaction and then tells what it left to tell. do may run several
// times, each time with an act of its own.
func (s *Service) act(ctx context.Context, groupID string, do func(a *act) error) error {
	var a *act
	send := func() {}
	err := s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		a = &act{Service: s, tx: tx, groupID: groupID, now: s.Now()}
		send = func() {}
		if err := do(a); err != nil || s.Write == nil || len(a.messages) == 0 {
			return err
		}
		send, err = s.Write(ctx, tx, a.messages)
		return err
	})
	if err != nil {
		return err
	}
	send()
	if len(a.notices) > 0 {
		s.Notify(ctx, a.notices)
	}
	if len(a.left) > 0 {
		s.Left(groupID, a.left)
	}
	if a.deleted {
		s.Deleted(groupID)
	}
	return nil
}

func (a *act) say(user User, code int32) {
	a.messages = append(a.messages, Message{GroupID: a.groupID, User: user, Code: code})
}

// notify adds a notification whose content has the group's id and one field more.
func (a *act) notify(to, from, subject string, code int32, field, value string) {
	content, _ := json.Marshal(map[string]string{"group_id": a.groupID, field: value}) // which has JSON
	a.notices = append(a.notices, notification.Notification{
		UserID: to, SenderID: from, Subject: subject, Content: string(content), Code: code, Persistent: true,
	})
}

// user looks a user up by id.
func (a *act) user(ctx context.Context, id string) (User, error) {
	user := User{ID: id}
	ok, err := a.tx.Row(ctx, a.sql.username, id).Scan(&user.Username)
	if err == nil && !ok {
		err = errNoUser()
	}
	return user, err
}

// enter makes a user something in the group, unless it is something there already.
func (a *act) enter(ctx context.Context, userID string, state int32) (entered bool, err error) {
	// The position is later than those of the users before in the same act.
	count, err := a.tx.Exec(ctx, a.sql.insertEdge, a.groupID, userID, state, a.now.UnixNano()+int64(len(a.messages)), a.now.UnixMilli())
	return count > 0, err
}

func (a *act) setState(ctx context.Context, userID string, state int32) error {
	_, err := a.tx.Exec(ctx, a.sql.setState, a.groupID, userID, state, a.now.UnixMilli())
	return err
}

func (a *act) count(ctx context.Context, change int) error {
	_, err := a.tx.Exec(ctx, a.sql.count, a.groupID, change, a.now.UnixMilli())
	return err
}

func texts(ctx context.Context, tx *db.Tx, stmt *db.Stmt, args ...any) ([]string, error) {
	var list []string
	err := tx.Each(ctx, stmt, func(rows *sql.Rows) error {
		var text string
		err := rows.Scan(&text)
		list = append(list, text)
		return err
	}, args...)
	return list, err
}

// Join makes a user a member of an open group, or lets it ask the admins of a closed one.
// One who is there in any state stays so. The error's code is NotFound without such a
// group, and InvalidArgument when it is full, even for its members.
func (s *Service) Join(ctx context.Context, groupID string, user User) error {
	return s.act(ctx, groupID, func(a *act) error {
		group, ok, err := s.find(ctx, a.tx, groupID)
		switch {
		case err != nil:
			return err
		case !ok:
			return errNotFound()
		case group.EdgeCount >= group.MaxCount:
			return errFull()
		}
		if _, err := a.user(ctx, user.ID); err != nil {
			return err
		}
		if !group.Open.GetValue() {
			return a.ask(ctx, user)
		}
		entered, err := a.enter(ctx, user.ID, StateMember)
		if err != nil || !entered {
			return err
		}
		a.say(user, MessageJoin)
		return a.count(ctx, 1)
	})
}

func (a *act) ask(ctx context.Context, user User) error {
	entered, err := a.enter(ctx, user.ID, StateJoinRequest)
	if err != nil || !entered {
		return err
	}
	admins, err := texts(ctx, a.tx, a.sql.admins, a.groupID)
	for _, admin := range admins {
		a.notify(admin, user.ID, fmt.Sprintf("User %s wants to join your group", user.Username), codeJoinRequest, "username", user.Username)
	}
	return err
}

// Leave takes a user out of a group, or withdraws its request. A ban stays. The last
// member takes the group along; the error's code is InvalidArgument for the last
// superadmin of others.
func (s *Service) Leave(ctx context.Context, groupID string, user User) error {
	return s.act(ctx, groupID, func(a *act) error {
		state, there, err := s.stateOf(ctx, a.tx, groupID, user.ID)
		if err != nil || !there || state == StateBanned {
			return err
		}
		if state == StateSuperadmin {
			superadmins, members, err := s.others(ctx, a.tx, groupID, user.ID)
			switch {
			case err != nil:
				return err
			case members == 0:
				a.deleted = true
				_, err := a.tx.Exec(ctx, s.sql.remove, groupID)
				return err
			case superadmins == 0:
				return status.Error(codes.InvalidArgument, "Cannot leave group when you are the last superadmin.")
			}
		}
		a.say(user, MessageLeave)
		return a.remove(ctx, user.ID, state)
	})
}

// remove takes a user out of the group.
func (a *act) remove(ctx context.Context, userID string, state int32) error {
	a.left = append(a.left, userID)
	if _, err := a.tx.Exec(ctx, a.sql.removeEdge, a.groupID, userID); err != nil {
		return err
	}
	if state > StateMember {
		return nil
	}
	return a.count(ctx, -1)
}

// AddUsers makes users members, those too who asked to be. Other members and the banned
// stay what they are. The error's code is NotFound if caller is no admin of the group,
// and InvalidArgument when it is full or a user does not exist.
func (s *Service) AddUsers(ctx context.Context, caller, groupID string, userIDs []string) error {
	return s.act(ctx, groupID, func(a *act) error {
		if err := s.allow(ctx, a.tx, groupID, caller, StateAdmin); err != nil {
			return err
		}
		group, ok, err := s.find(ctx, a.tx, groupID)
		if err != nil {
			return err
		}
		if !ok {
			return errNotFound()
		}
		room := int(group.MaxCount - group.EdgeCount)
		for _, id := range userIDs {
			if id == caller {
				continue
			}
			user, err := a.user(ctx, id)
			if err != nil {
				return err
			}
			added, err := a.add(ctx, id)
			if err != nil || !added {
				if err != nil {
					return err
				}
				continue
			}
			if room--; room < 0 {
				return errFull()
			}
			if err := a.count(ctx, 1); err != nil {
				return err
			}
			a.say(user, MessageAdd)
			a.notify(id, caller, "You've been added to group "+group.Name, codeAdd, "name", group.Name)
		}
		return nil
	})
}

// add makes one a member who is not in the group or has asked to be.
func (a *act) add(ctx context.Context, userID string) (added bool, err error) {
	state, there, err := a.stateOf(ctx, a.tx, a.groupID, userID)
	switch {
	case err != nil:
		return false, err
	case !there:
		return a.enter(ctx, userID, StateMember)
	case state == StateJoinRequest:
		return true, a.setState(ctx, userID, StateMember)
	}
	return false, nil
}
