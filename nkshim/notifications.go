package nkshim

import (
	"context"
	"math"

	"nkhost/host/notification"
	"nkhost/lua/glua"
)

// Notifications sends and keeps notifications. See notification.Service.
type Notifications interface {
	Send(ctx context.Context, notifications []notification.Notification) error
	SendAll(n notification.Notification) error
	List(ctx context.Context, userID string, limit int, cursor string) (notification.Page, error)
	Get(ctx context.Context, ids []string, userID string) ([]notification.Saved, error)
	Delete(ctx context.Context, deletions []notification.Deletion) error
	Update(ctx context.Context, updates []notification.Update) error
}

var notificationFunctions = map[string]function{
	"notification_send":       notificationSend,
	"notification_send_all":   notificationSendAll,
	"notifications_delete":    notificationsDelete,
	"notifications_delete_id": notificationsDeleteID,
	"notifications_get_id":    notificationsGetID,
	"notifications_list":      notificationsList,
	"notifications_send":      notificationsSend,
	"notifications_update":    notificationsUpdate,
}

// notificationSend also takes the codes from -2000 to -1000, unlike the others.
func notificationSend(r *Runtime, c call) int {
	n := notification.Notification{
		UserID: c.id(1, "user id"), Subject: c.filledText(2, "subject"), Content: c.objectOrNull(3, "content"),
		SenderID: c.optID(5, "sender id"), Persistent: c.optBool(6, "persistent", false),
	}
	code := c.number(4, "code")
	if reserved := -2000 <= code && code <= -1000; !reserved {
		code = c.positiveCode(4)
	}
	n.Code = int32(code)
	if n.SenderID == "" {
		n.SenderID = notification.System
	}
	return r.notify(c, []notification.Notification{n})
}

func (r *Runtime) notify(c call, notifications []notification.Notification) int {
	r.await(c, func() error { return r.deps.Notifications.Send(c.context(), notifications) })
	return 0
}

func (c call) positiveCode(n int) float64 {
	code := c.number(n, "code")
	if code < 1 || code > math.MaxInt32 {
		c.fail("argument %d (code) must be above 0, got %v", n, code)
	}
	return code
}

func notificationsSend(r *Runtime, c call) int {
	var notifications []notification.Notification
	c.records(1, "notifications", func(r record) {
		n := notification.Notification{
			UserID: r.id("user_id"), Subject: r.text("subject"), Content: r.object("content"), Code: r.optInt32("code", 0),
			SenderID: r.optID("sender_id", notification.System), Persistent: r.optBool("persistent"),
		}
		if n.Code <= 0 {
			r.want("code", "a number above 0")
		}
		notifications = append(notifications, n)
	})
	return r.notify(c, notifications)
}

func notificationSendAll(r *Runtime, c call) int {
	n := notification.Notification{
		SenderID: notification.System, Subject: c.filledText(1, "subject"), Content: c.objectOrNull(2, "content"),
		Code: int32(c.positiveCode(3)), Persistent: c.optBool(4, "persistent", false),
	}
	if err := r.deps.Notifications.SendAll(n); err != nil {
		c.fail("%s", message(err))
	}
	return 0
}

// notificationsList has its own names for fields, as on Nakama, and the content as
// JSON text.
func notificationsList(r *Runtime, c call) int {
	userID, limit, cursor := c.id(1, "user id"), c.optInt(2, "limit", 100), c.optText(3, "cursor", "")
	if limit < 1 || limit > 1000 {
		c.refuse(2, "limit", "a number from 1 to 1000")
	}
	var page notification.Page
	r.await(c, func() (err error) {
		page, err = r.deps.Notifications.List(c.context(), userID, limit, cursor)
		return err
	})
	list := newList(len(page.Notifications))
	for _, n := range page.Notifications {
		t := newTable(7)
		t.SetField("id", glua.LString(n.Id))
		t.SetField("subject", glua.LString(n.Subject))
		t.SetField("content", glua.LString(n.Content))
		t.SetField("code", glua.LNumber(n.Code))
		t.SetField("senderId", glua.LString(n.SenderId))
		t.SetField("persistent", glua.LBool(n.Persistent))
		t.SetField("createTime", glua.LNumber(n.CreateTime.GetSeconds()))
		list.Append(t)
	}
	c.push(list)
	if !page.More {
		page.Cursor = ""
	}
	c.push(textOrNil(page.Cursor))
	return 2
}

func notificationsGetID(r *Runtime, c call) int {
	ids, userID := c.filledIDs(1, "notification ids"), c.optID(2, "user id")
	var found []notification.Saved
	r.await(c, func() (err error) {
		found, err = r.deps.Notifications.Get(c.context(), ids, userID)
		return err
	})
	list := newList(len(found))
	for _, n := range found {
		t := newTable(7)
		t.SetField("code", glua.LNumber(n.Code))
		t.SetField("content", c.decodedTable(n.Content))
		setText(t, "sender_id", n.SenderId)
		t.SetField("subject", glua.LString(n.Subject))
		t.SetField("user_id", glua.LString(n.UserID))
		t.SetField("create_time", glua.LNumber(n.CreateTime.GetSeconds()))
		t.SetField("persistent", glua.LBool(n.Persistent))
		list.Append(t)
	}
	return c.push(list)
}

func notificationsDelete(r *Runtime, c call) int {
	var deletions []notification.Deletion
	c.records(1, "notifications", func(r record) {
		deletions = append(deletions, notification.Deletion{ID: r.id("notification_id"), UserID: r.id("user_id")})
	})
	return r.deleteNotifications(c, deletions)
}

func notificationsDeleteID(r *Runtime, c call) int {
	ids, userID := c.filledIDs(1, "notification ids"), c.optID(2, "user id")
	deletions := make([]notification.Deletion, len(ids))
	for i, id := range ids {
		deletions[i] = notification.Deletion{ID: id, UserID: userID}
	}
	return r.deleteNotifications(c, deletions)
}

func (r *Runtime) deleteNotifications(c call, deletions []notification.Deletion) int {
	r.await(c, func() error { return r.deps.Notifications.Delete(c.context(), deletions) })
	return 0
}

func notificationsUpdate(r *Runtime, c call) int {
	var updates []notification.Update
	c.records(1, "updates", func(r record) {
		update := notification.Update{ID: r.id("id")}
		for _, field := range []struct {
			to   **string
			text string
		}{{&update.Subject, r.optText("subject")}, {&update.Content, r.optObject("content")}, {&update.SenderID, r.optID("sender", "")}} {
			if field.text != "" {
				*field.to = &field.text
			}
		}
		updates = append(updates, update)
	})
	r.await(c, func() error { return r.deps.Notifications.Update(c.context(), updates) })
	return 0
}
