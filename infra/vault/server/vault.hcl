# HashiCorp Vault's own configuration in docker-compose.yml: integrated storage, TLS, unsealed by hand.
ui            = false
disable_mlock = true
api_addr      = "https://vault:8200"
cluster_addr  = "https://vault:8201"

storage "raft" {
  path    = "/vault/file"
  node_id = "vault"
}

listener "tcp" {
  address       = "0.0.0.0:8200"
  tls_cert_file = "/vault/certificates/vault.pem"
  tls_key_file  = "/vault/certificates/vault.key"
  tls_min_version = "tls13"
}
