package keyfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestErrorsAreKinds(t *testing.T) {
	err := fmt.Errorf("while reading: %w", &Error{Kind: WrongPassword, Message: "m", Err: io.ErrUnexpectedEOF})
	require.ErrorIs(t, err, WrongPassword)
	require.NotErrorIs(t, err, Corrupt)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, WrongPassword, kindOf(err))
	require.Empty(t, kindOf(io.EOF))
	require.Equal(t, "wrong-password", WrongPassword.Error())
}

func TestWhatEndsAnExtraction(t *testing.T) {
	for _, err := range []error{context.Canceled, context.DeadlineExceeded, fault(KDFCost, "x"), fmt.Errorf("x: %w", fault(TooLarge, "x"))} {
		require.True(t, ends(err), err)
	}
	for _, err := range []error{nil, errors.New("x"), fault(Corrupt, "x"), fault(WrongPassword, "x")} {
		require.False(t, ends(err), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Extract(ctx, samples()["p256"].leaf, Options{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestLimitsCountObjects(t *testing.T) {
	s := samples()["p256"]
	_, err := Extract(context.Background(), bundle(s), Options{Limits: Limits{Objects: 3}})
	require.ErrorIs(t, err, TooLarge)
	_, err = Extract(context.Background(), bundle(s), Options{Limits: Limits{FileSize: 100}})
	require.ErrorIs(t, err, TooLarge)
	_, err = Extract(context.Background(), armour("CMS", pkcs7Of(s.leaf)), Options{Limits: Limits{Depth: 1}})
	require.NoError(t, err)
}

func TestBudgetIsForAllDerivations(t *testing.T) {
	b := &budget{ctx: context.Background(), limits: Limits{Iterations: 100}}
	require.NoError(t, b.spend(60))
	require.ErrorIs(t, b.spend(41), KDFCost)
	require.NoError(t, b.spend(40))
	require.ErrorIs(t, b.spend(1), KDFCost)
	require.ErrorIs(t, b.spend(-1), KDFCost)
}
