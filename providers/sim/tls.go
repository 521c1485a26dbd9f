package sim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strings"
	"time"
)

// ListenTLS serves the fleet on a TCP address with TLS, each provider at a host of its own: https://PROVIDER.sim:PORT/PROVIDER/v1,
// whatever a client's dialer makes of that name. roots are what a client has to trust.
func (f *Fleet) ListenTLS(addr string) (at net.Addr, roots *x509.CertPool, err error) {
	issuer, err := newIssuer()
	if err != nil {
		return nil, nil, fmt.Errorf("simulated providers: make a certificate: %w", err)
	}
	l, err := tls.Listen("tcp", addr, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		id, _, _ := strings.Cut(hello.ServerName, ".")
		name, until := hello.ServerName, time.Now().Add(time.Hour)
		if p := f.providers[id]; p != nil {
			switch p.dialled().TLS {
			case "handshake":
				return nil, errors.New("no certificate (simulated)")
			case "expired":
				until = time.Now().Add(-time.Minute)
			case "name":
				name = "another.sim"
			}
		}
		return issuer.certificate(name, until)
	}})
	if err != nil {
		return nil, nil, fmt.Errorf("simulated providers: %w", err)
	}
	f.serve(l)
	roots = x509.NewCertPool()
	roots.AddCert(issuer.cert)
	return l.Addr(), roots, nil
}

// issuer signs certificates for one fleet. It lives in memory alone.
type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newIssuer() (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "simulated providers"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &issuer{cert, key}, err
}

func (i *issuer) certificate(name string, until time.Time) (*tls.Certificate, error) {
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: until.Add(-2 * time.Hour), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, i.cert, &i.key.PublicKey, i.key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: i.key}, nil
}
