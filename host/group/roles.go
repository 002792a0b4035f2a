package group

import "context"

// deed is what an admin does to users of a group, one after the other.
type deed struct {
	code int32 // of the message that tells of it
	// mustExist makes a group that does not exist an error for Server too.
	mustExist bool
	// may says whether a caller in state mine may do it to one in state theirs, when there
	// are so many superadmins besides that one.
	may func(mine, theirs int32, otherSuperadmins int) bool
	do  func(ctx context.Context, a *act, userID string, state int32) error
	// told says whether the channel is told of it.
	told func(state int32) bool
}

func always(int32) bool { return true }

func wasMember(state int32) bool { return state <= StateMember }

// mayRemove: admins may remove whom they lead, superadmins all but the last of their own.
func mayRemove(mine, theirs int32, otherSuperadmins int) bool {
	if mine == StateSuperadmin {
		return theirs != StateSuperadmin || otherSuperadmins > 0
	}
	return theirs > StateAdmin
}

// BanUsers takes users out of a group and keeps them out. Those who are not there are
// passed over, and so are those whom the caller may not ban. The error's code is NotFound
// if caller is no admin of the group.
func (s *Service) BanUsers(ctx context.Context, caller, groupID string, userIDs []string) error {
	return s.perform(ctx, caller, groupID, userIDs, deed{code: MessageBan, may: mayRemove, told: wasMember, do: ban})
}

func ban(ctx context.Context, a *act, userID string, state int32) error {
	position := a.now.UnixNano() + int64(len(a.left))
	if _, err := a.tx.Exec(ctx, a.sql.replace, a.groupID, userID, StateBanned, position, a.now.UnixMilli()); err != nil || state > StateMember {
		return err
	}
	a.left = append(a.left, userID)
	return a.count(ctx, -1)
}

// KickUsers takes users out of a group, rejects their requests, and lifts their bans. It
// passes over whom BanUsers does, and fails as it does, for Server also without such a
// group.
func (s *Service) KickUsers(ctx context.Context, caller, groupID string, userIDs []string) error {
	return s.perform(ctx, caller, groupID, userIDs, deed{
		code: MessageKick, mustExist: true, may: mayRemove, told: wasMember,
		do: func(ctx context.Context, a *act, userID string, state int32) error {
			return a.remove(ctx, userID, state)
		},
	})
}

// PromoteUsers raises members to admins and admins to superadmins, but none to above the
// caller. It fails as KickUsers does.
func (s *Service) PromoteUsers(ctx context.Context, caller, groupID string, userIDs []string) error {
	return s.perform(ctx, caller, groupID, userIDs, deed{
		code: MessagePromote, mustExist: true, told: always,
		may: func(mine, theirs int32, _ int) bool { return theirs > mine && theirs <= StateMember },
		do: func(ctx context.Context, a *act, userID string, state int32) error {
			return a.setState(ctx, userID, state-1)
		},
	})
}

// DemoteUsers lowers superadmins to admins and admins to members, but none above the
// caller and not the last superadmin. It fails as KickUsers does.
func (s *Service) DemoteUsers(ctx context.Context, caller, groupID string, userIDs []string) error {
	return s.perform(ctx, caller, groupID, userIDs, deed{
		code: MessageDemote, mustExist: true, told: always,
		may: func(mine, theirs int32, otherSuperadmins int) bool {
			return theirs >= mine && theirs < StateMember && (mine != StateSuperadmin || otherSuperadmins > 0)
		},
		do: func(ctx context.Context, a *act, userID string, state int32) error {
			return a.setState(ctx, userID, state+1)
		},
	})
}

func (s *Service) perform(ctx context.Context, caller, groupID string, userIDs []string, d deed) error {
	return s.act(ctx, groupID, func(a *act) error {
		mine, err := a.mine(ctx, caller, d.mustExist)
		if err != nil {
			return err
		}
		for _, id := range userIDs {
			if id == caller {
				continue
			}
			if err := a.performOn(ctx, id, mine, d); err != nil {
				return err
			}
		}
		return nil
	})
}

// mine is the state of a caller who is an admin; Server is as good as a superadmin.
func (a *act) mine(ctx context.Context, caller string, mustExist bool) (int32, error) {
	if caller != Server {
		if err := a.allow(ctx, a.tx, a.groupID, caller, StateAdmin); err != nil {
			return 0, err
		}
		state, _, err := a.stateOf(ctx, a.tx, a.groupID, caller)
		return state, err
	}
	_, ok, err := a.find(ctx, a.tx, a.groupID)
	if err == nil && !ok && mustExist {
		err = errNotFound()
	}
	return StateSuperadmin, err
}

func (a *act) performOn(ctx context.Context, userID string, mine int32, d deed) error {
	state, there, err := a.stateOf(ctx, a.tx, a.groupID, userID)
	if err != nil || !there {
		return err
	}
	superadmins, _, err := a.others(ctx, a.tx, a.groupID, userID)
	if err != nil || !d.may(mine, state, superadmins) {
		return err
	}
	if err := d.do(ctx, a, userID, state); err != nil || !d.told(state) {
		return err
	}
	user, err := a.user(ctx, userID)
	a.say(user, d.code)
	return err
}
