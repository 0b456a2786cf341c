import type { HttpClient } from '@azure/core-rest-pipeline'
import type { TokenCredential } from '@azure/identity'
import { z } from 'zod'

const tenantId = z.string().min(1).describe('Tenant of the application or identity.')
const clientId = z.string().min(1).describe('Client id of the application or identity.')

/** How flowfold proves who it is; the role `Monitoring Metrics Publisher` on the rule then lets it in. */
export const authSettings = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z
      .literal('default')
      .describe('What the surroundings offer: variables, workload identity, managed identity, `az login`.'),
    tenant_id: tenantId.optional(),
    client_id: clientId.optional(),
  }),
  z.strictObject({
    kind: z
      .literal('workload_identity')
      .describe("The identity of the pod's service account; AKS puts what is left out here into the pod."),
    tenant_id: tenantId.optional(),
    client_id: clientId.optional(),
    token_file: z.string().min(1).optional().describe('Where the token of the service account is.'),
  }),
  z.strictObject({
    kind: z
      .literal('managed_identity')
      .describe('The identity of the machine; `client_id` names one of several.'),
    client_id: clientId.optional(),
  }),
  z.strictObject({
    kind: z.literal('client_secret').describe('An application with a secret.'),
    tenant_id: tenantId,
    client_id: clientId,
    client_secret: z.string().min(1).meta({ secret: true }).describe('Secret of the application.'),
  }),
  z.strictObject({
    kind: z.literal('client_certificate').describe('An application with a certificate.'),
    tenant_id: tenantId,
    client_id: clientId,
    certificate_file: z
      .string()
      .min(1)
      .describe('PEM with certificate and private key; read again for each token.'),
    certificate_password: z
      .string()
      .min(1)
      .meta({ secret: true })
      .optional()
      .describe('Password of the private key.'),
  }),
])

export type Auth = z.output<typeof authSettings>
export type Cloud = keyof typeof CLOUDS

/** Who a token is for, and who issues it. Source: @azure/monitor-ingestion and @azure/identity. */
export const CLOUDS = {
  public: { audience: 'https://monitor.azure.com', authority: 'https://login.microsoftonline.com' },
  china: { audience: 'https://monitor.azure.cn', authority: 'https://login.chinacloudapi.cn' },
  government: { audience: 'https://monitor.azure.us', authority: 'https://login.microsoftonline.us' },
} as const

/** Throws when the surroundings lack what `auth` builds on. Loads the SDK, which takes its time: call it late. */
export async function credentialOf(
  auth: Auth,
  cloud: Cloud,
  httpClient: HttpClient,
): Promise<TokenCredential> {
  const identity = await import('@azure/identity')
  const options = { authorityHost: CLOUDS[cloud].authority, httpClient }
  switch (auth.kind) {
    case 'default':
      return new identity.DefaultAzureCredential({
        ...options,
        ...given({
          tenantId: auth.tenant_id,
          managedIdentityClientId: auth.client_id,
          workloadIdentityClientId: auth.client_id,
        }),
      })
    case 'workload_identity':
      return new identity.WorkloadIdentityCredential({
        ...options,
        ...given({ tenantId: auth.tenant_id, clientId: auth.client_id, tokenFilePath: auth.token_file }),
      })
    case 'managed_identity':
      return new identity.ManagedIdentityCredential({ ...options, ...given({ clientId: auth.client_id }) })
    case 'client_secret':
      return new identity.ClientSecretCredential(auth.tenant_id, auth.client_id, auth.client_secret, options)
    case 'client_certificate':
      return new identity.ClientCertificateCredential(
        auth.tenant_id,
        auth.client_id,
        {
          certificatePath: auth.certificate_file,
          ...given({ certificatePassword: auth.certificate_password }),
        },
        options,
      )
  }
}

/** What nobody may see of it. */
export function secretsOf(auth: Auth): string[] {
  if (auth.kind === 'client_secret') return [auth.client_secret]
  if (auth.kind === 'client_certificate') return [auth.certificate_password ?? '']
  return []
}

/** Options that the config leaves out are left out here too. */
function given<T extends object>(options: T) {
  type Given = { [K in keyof T]?: Exclude<T[K], undefined> }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given
}
